import type { DemoReport } from '../../cli/report.js';
import type { SessionDetail } from '../../client/index.js';
import { Repositories } from '../../db/repositories.js';
import type { HistoryEntry } from '../../model/index.js';
import { type Beginning, boundFor } from './bound.js';
import type { DemoSystem } from './system.js';

export interface Run {
  /** In the cloud when it began. */
  readonly instances: number;
  readonly beginning: Beginning;
  /** Domain time. */
  readonly startedAt: Date;
  /** Real seconds. */
  readonly wallS: number;
}

/** How the session went, judged by what the cloud and the projects' managers saw; times from the session's history. */
export async function makeReport(cloud: DemoSystem, detail: SessionDetail, run: Run): Promise<DemoReport> {
  const { moves, violations, replies, serviceLevel, problems } = cloud.simulator.report();
  const history = await new Repositories(cloud.database).history.list(detail.session_id);
  const makespanS = secondsBetween(
    run.startedAt,
    history.findLast(({ what }) => what === 'state')?.at ?? run.startedAt,
  );
  const rollingS = rollingTime(history);
  return {
    state: detail.state,
    ...(detail.reason !== null && { reason: detail.reason.message }),
    hosts: detail.hosts.length,
    hostsMaintained: detail.hosts.filter((host) => host.maintained).length,
    instances: run.instances,
    moves: [...moves.values()].reduce((sum, count) => sum + count, 0),
    movesPerInstance: countValues(moves.values()),
    violations: [...violations.map(({ sentence }) => sentence), ...problems],
    replies: replies.length,
    waits: waitsOf(history),
    serviceLevels: serviceLevel.map(({ project, outages, outageSeconds }) => ({
      manager: project,
      availability: 1 - outageSeconds / Math.max(makespanS, 1),
      outages: outages.length,
    })),
    ...(rollingS > 0 && { rolling: { seconds: rollingS, lowerBoundS: boundFor(run.beginning, detail) } }),
    makespanS,
    wallS: run.wallS,
  };
}

/** From when hosts began to be worked on to when all were through; 0 where that was not reached. */
function rollingTime(history: readonly HistoryEntry[]): number {
  const states = history.filter(({ what }) => what === 'state');
  const begun = states.find(({ details }) => details.from === 'MAINTENANCE')?.at;
  const ended = states.find(({ details }) => details.to === 'MAINTENANCE_COMPLETE')?.at;
  return begun === undefined || ended === undefined ? 0 : secondsBetween(begun, ended);
}

/** Domain seconds by what was waited for: until something else was, or the state changed. */
function waitsOf(history: readonly HistoryEntry[]): DemoReport['waits'] {
  const marks = history.filter(({ what }) => what === 'waiting' || what === 'state');
  const sums = new Map<string, number>();
  marks.forEach(({ what, at, details }, index) => {
    const next = marks[index + 1];
    if (what !== 'waiting' || next === undefined) return;
    const reason = String(details.for);
    sums.set(reason, (sums.get(reason) ?? 0) + secondsBetween(at, next.at));
  });
  return [...sums].map(([reason, seconds]) => ({ for: reason, seconds }));
}

function countValues(values: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function secondsBetween(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1000;
}
