import type { HistoryEntry } from '../../../src/model/index.js';
import { hasDownHost, isTrue } from './reasons.js';
import type { Run } from './run.js';

/** No session may last longer, whatever happens; each single wait of these clouds ends within ten minutes. */
const LONGEST_S = 4 * 3600;

/** What is not as it should be, one sentence each; empty = nothing. */
export function faultsOf(run: Run): string[] {
  return [
    ...brokenConstraints(run),
    ...leftDisabled(run),
    ...leftHeld(run),
    ...movedAgain(run),
    ...faultsOfSession(run, isTrue),
    ...goingBack(run.history),
    ...malformedCalls(run),
    ...leftOpen(run),
    ...misunderstandings(run),
  ];
}

/** What is not as it should be in the session itself, be it alone in its cloud or not. */
export function faultsOfSession(run: Run, proof: typeof isTrue): string[] {
  return [...plugInsOnOccupiedHosts(run), ...falseReasons(run, proof), ...inconsistentHistory(run.history)];
}

function brokenConstraints(run: Run): string[] {
  const overruled = overruledProjects(run);
  return run.report.violations
    .filter(({ rule }) => rule !== 'left-disabled')
    .filter(({ rule, sentence }) => !(rule === 'service-outage' && overruled.some((name) => sentence.includes(name))))
    .map(({ sentence }) => sentence);
}

/** Names of projects whose instances were moved without their consent: policy `force`, so nobody had switched over. */
function overruledProjects({ history, cloud }: Run): string[] {
  const forced = history.filter(({ what, details }) => what === 'notice-closed' && details.outcome === 'forced');
  const ids = new Set(forced.map(({ details }) => details.noticeId));
  const notices = history.filter(({ what, details }) => what === 'notice' && ids.has(details.noticeId));
  const projects = new Set(notices.map(({ details }) => details.project));
  return cloud.topology.projects.filter(({ id }) => projects.has(id)).map(({ name }) => name);
}

/** Disabled stays only a host on which an action began and did not succeed (L6). */
function leftDisabled(run: Run): string[] {
  const broken = brokenHosts(run);
  return run.report.violations
    .filter(({ rule, sentence }) => {
      const excused = broken.some((host) => sentence.includes(`${host} `));
      return rule === 'left-disabled' && !excused;
    })
    .map(({ sentence }) => sentence);
}

/** Room that Placement still holds in Fenix's name is taken from everybody for nothing (L6). */
function leftHeld({ simulator: { cloud } }: Run): string[] {
  const all = [...cloud.hosts.keys()].flatMap((name) => cloud.allocations.on(name));
  return all
    .filter(({ consumerType }) => consumerType !== undefined)
    .map(({ consumer, host }) => `Placement still holds room on ${host} for ${consumer}.`);
}

/** Hosts on which an action began and did not succeed. */
export function brokenHosts({ cloud, detail, hosts }: Run): string[] {
  const failing = new Set(cloud.session.actions?.flatMap(({ metadata }) => (metadata?.fail_on as string[]) ?? []));
  return hosts
    .filter(({ hostname }) => failing.has(hostname) || detail.reason?.code === 'aborted')
    .filter(({ state }) => state === 'failed' || state === 'in_maintenance')
    .map(({ hostname }) => hostname);
}

/** What sends an instance to a host which is still to be maintained says so; Nova may send it elsewhere. */
function movedAgain({ report, history, simulator }: Run): string[] {
  const isSaid = (id: string): boolean =>
    history.some(({ what, details }) => what === 'plan' && (details.again as string[] | undefined)?.includes(id)) ||
    history.some(
      ({ what, details }) => what === 'effect-begun' && details.subject === id && details.again !== undefined,
    ) ||
    simulator.log.of('fault').some(({ what, instanceId }) => what === 'elsewhere' && instanceId === id);
  return [...report.moves]
    .filter(([id, times]) => times > 1 && !isSaid(id))
    .map(([id, times]) => `Instance ${id} was moved ${times} times without a reason.`);
}

/** By the simulator's claims: whether anything was on a host while it was in maintenance, but what was stopped for it. */
function plugInsOnOccupiedHosts({ history, simulator: { log } }: Run): string[] {
  const faults: string[] = [];
  for (const begun of history.filter(({ what, details }) => what === 'host' && details.to === 'in_maintenance')) {
    const { host } = begun.details;
    const later = history.filter(({ at, details }) => at >= begun.at && details.host === host);
    const left = later.find(({ what, details }) => what === 'host' && details.from === 'in_maintenance');
    // What was stopped is started between its last plug-in and its being done.
    const ended = later.findLast(({ what, at }) => what === 'plug-in-ended' && !(left && at > left.at)) ?? left;
    const there = new Set<string>();
    const off = new Set<string>();
    for (const entry of log.entries()) {
      if (ended !== undefined && entry.at >= ended.at) break;
      if (entry.kind === 'claim' && entry.host === host) there.add(entry.consumer);
      if (entry.kind === 'release' && entry.host === host) there.delete(entry.consumer);
      if (entry.kind === 'power' && entry.byService && !entry.on) off.add(entry.instanceId);
      if (entry.kind === 'power' && entry.on) off.delete(entry.instanceId);
      // What was evacuated holds its allocation on a dead host, until that is back.
      const running = [...there].filter((consumer) => !off.has(consumer) && !consumer.includes(' left on '));
      if (entry.at > begun.at && running.length > 0) {
        faults.push(`${host} was in maintenance with ${running.join(', ')} on it.`);
        break;
      }
    }
  }
  return faults;
}

/** A session fails, and loses hosts, for reasons that its cloud really has; and all of it ends in time. */
function falseReasons(run: Run, proof: typeof isTrue): string[] {
  const faults: string[] = [];
  const { state, reason } = run.detail;
  if (state === 'MAINTENANCE_FAILED') {
    const { code = '', message = '', host, instance_id: instanceId, project_id: projectId } = reason ?? {};
    const given = {
      code,
      message,
      ...(host && { host }),
      ...(instanceId && { instanceId }),
      ...(projectId && { projectId }),
    };
    if (!proof(run, given)) faults.push(`It failed for no reason that this cloud has: ${JSON.stringify(reason)}`);
  } else if (state !== 'MAINTENANCE_DONE') faults.push(`It ended in ${state}.`);
  for (const { hostname, lost } of run.hosts) {
    if (lost === null || lost.code === 'skipped-by-admin' || proof(run, { ...lost, host: hostname })) continue;
    faults.push(`${hostname} was lost for no reason that this cloud has: ${JSON.stringify(lost)}`);
  }
  const seconds = (run.endedAt.getTime() - run.createdAt.getTime()) / 1000;
  if (seconds > LONGEST_S) faults.push(`It took ${seconds} s.`);
  return faults;
}

/** A request that makes no sense, wherever the world stands. */
const MALFORMED: ReadonlySet<number> = new Set([400, 405, 406, 413, 415, 422]);

/** What Fenix asks for may be refused, but is never nonsense. */
export function malformedCalls(run: Run): string[] {
  const { cloud, log } = run.simulator;
  const service = [...cloud.projects.values()].find(({ name }) => name === 'service')?.id;
  return log
    .of('call')
    .filter(({ status, projectId }) => projectId === service && MALFORMED.has(status))
    .filter((call) => !isRefusedByState(run, call))
    .map(({ method, path, status, body }) => `${method} ${path} was answered ${status}: ${JSON.stringify(body)}`);
}

/** Where Nova says 400 about a live migration for reasons of state: its host has just died, or it is past aborting. */
function isRefusedByState(run: Run, { method, path, body }: { method: string; path: string; body: unknown }): boolean {
  if (method === 'DELETE') return /\/migrations\/\d+$/.test(path);
  return hasDownHost(run) && typeof body === 'object' && body !== null && 'os-migrateLive' in body;
}

/** What managers could not make sense of; that the API has no token is said to them, too. */
function misunderstandings({ report, cloud }: Run): string[] {
  const withoutKeystone = cloud.topology.faults?.http?.some(({ service }) => service === 'identity') === true;
  return report.problems.filter((problem) => !(withoutKeystone && problem.includes('answered 503')));
}

/** Whatever was begun has an outcome in the end. */
export function leftOpen({ journal, openImpacts }: Pick<Run, 'journal' | 'openImpacts'>): string[] {
  const begun = journal.filter(({ state }) => state === 'begun');
  return [
    ...begun.map(({ subject, action, attempt }) => `${action} ${attempt} of ${subject} was begun and has no outcome.`),
    ...(openImpacts > 0 ? [`${openImpacts} impact(s) have no end.`] : []),
  ];
}

/** Each line begins where the one before ended: of the session's state, and of each host's. */
function inconsistentHistory(history: readonly HistoryEntry[]): string[] {
  const faults: string[] = [];
  const now = new Map<string, unknown>([['', 'MAINTENANCE']]);
  for (const { what, details } of history) {
    if (what !== 'state' && what !== 'host') continue;
    const subject = what === 'host' ? String(details.host) : '';
    const known = now.get(subject) ?? 'waiting';
    if (details.from !== known) faults.push(`${subject} went from ${details.from} to ${details.to}, and was ${known}.`);
    now.set(subject, details.to);
  }
  return faults;
}

/** With one clock for all processes each line is as late as the one before, or later. */
function goingBack(history: readonly HistoryEntry[]): string[] {
  return history
    .filter(({ at }, index) => at < (history[index - 1]?.at ?? at))
    .map(({ what }) => `History goes back in time at ${what}.`);
}
