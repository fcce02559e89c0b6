import type { Cloud } from './cloud.js';
import { type Judgement, type JudgeOptions, judge } from './judge/index.js';
import type { Manager, ManagerReply, Outage } from './managers/index.js';

/** How well one project's application served. */
export interface ServiceLevel {
  readonly project: string;
  readonly outages: readonly Outage[];
  /** Domain seconds of all its outages; one that lasts counts until now. */
  readonly outageSeconds: number;
  /** Outages from then on are its manager's own doing. */
  readonly carelessSince: Date | undefined;
}

/** What the simulator has to say about what was done to it. */
export interface Report extends Judgement {
  /** All managers' answers, in order of time. */
  readonly replies: readonly ManagerReply[];
  readonly serviceLevel: readonly ServiceLevel[];
  /** What managers could not understand, or was not taken of them. */
  readonly problems: readonly string[];
  /** What managers did not do well by themselves: nobody else's fault. */
  readonly remarks: readonly string[];
}

/** Judges the log and the managers' own measurements. An outage that a manager did not make itself is a violation. */
export function makeReport(cloud: Cloud, managers: readonly Manager[], options: JudgeOptions = {}): Report {
  const { moves, movedTwice, violations } = judge(cloud.log.entries(), options);
  const now = cloud.now();
  const levels = managers.map((manager) => serviceLevel(cloud, manager, now));
  const outages = levels.flatMap(({ project, outages: list, carelessSince }) =>
    list
      .filter(({ excused, from }) => !excused && !(carelessSince !== undefined && carelessSince <= from))
      .filter((outage) => !isAllowed(cloud, outage, options))
      .map(({ from, because }) => ({
        at: from,
        rule: 'service-outage' as const,
        sentence: `The application of ${project} stopped serving: ${because}.`,
      })),
  );
  return {
    moves,
    movedTwice,
    violations: [...violations, ...outages].sort((a, b) => a.at.getTime() - b.at.getTime()),
    replies: managers.flatMap(({ replies }) => replies).sort((a, b) => a.at.getTime() - b.at.getTime()),
    serviceLevel: levels,
    problems: managers.flatMap(({ problems }) => problems),
    remarks: managers.flatMap(({ remarks }) => remarks),
  };
}

/** It began with an instance that the service under test had stopped, and might stop. */
function isAllowed(cloud: Cloud, { instanceId, from }: Outage, { mayStop = [] }: JudgeOptions): boolean {
  const power = cloud.log.of('power').findLast((entry) => entry.instanceId === instanceId && entry.at <= from);
  if (power?.byService !== true || power.on) return false;
  return cloud.log
    .of('instance-added')
    .some((added) => added.instanceId === instanceId && mayStop.includes(added.name));
}

function serviceLevel(cloud: Cloud, { projectId, application, carelessSince }: Manager, now: Date): ServiceLevel {
  const { outages } = application;
  const ms = outages.reduce((sum, { from, to }) => sum + ((to ?? now).getTime() - from.getTime()), 0);
  return {
    project: cloud.projects.get(projectId)?.name ?? projectId,
    outages,
    outageSeconds: ms / 1000,
    carelessSince,
  };
}
