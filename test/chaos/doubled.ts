import type { JournalEntry } from '../../src/model/index.js';
import type { LogEntry, LogEvent } from '../../src/simulator/index.js';
import type { LedgerLine } from './plugins/actions/ledger.js';

/** The steps of a move's effect by which Nova is asked to begin one. */
const REQUEST = /\/(migrate|live-migrate-\d+|evacuate)$/;

/** Moves that Fenix began in Nova, against the requests in its journal, each of which has one decision behind it. */
export function doubledMoves(
  log: readonly LogEntry[],
  journal: readonly Pick<JournalEntry, 'subject' | 'action'>[],
): string[] {
  const owners = new Map(of(log, 'instance-added').map(({ instanceId, projectId }) => [instanceId, projectId]));
  const begun = new Map<string, number>();
  for (const { instanceId, byProjectId } of of(log, 'move-begun')) {
    if (owners.get(instanceId) !== byProjectId) begun.set(instanceId, (begun.get(instanceId) ?? 0) + 1);
  }
  return [...begun].flatMap(([instanceId, times]) => {
    const decided = journal.filter(({ subject, action }) => subject === instanceId && REQUEST.test(action)).length;
    return times > decided ? [`Of instance ${instanceId} ${times} moves began, and ${decided} were decided.`] : [];
  });
}

/** The same change of a compute service, made by Fenix twice in a row. */
export function doubledServiceChanges(log: readonly LogEntry[]): string[] {
  const now = new Map<string, string>();
  return of(log, 'service').flatMap(({ host, enabled, reason, byService }) => {
    const change = enabled ? 'enabled' : `disabled (${reason})`;
    const isDoubled = byService && now.get(host) === change;
    now.set(host, change);
    return isDoubled ? [`nova-compute on ${host} was ${change} twice.`] : [];
  });
}

/** Runs that began although the work was there, unless the same life had just been told that it was not. */
export function doubledPlugInRuns(ledger: readonly LedgerLine[]): string[] {
  return ledger.flatMap(({ what, key, pid, isThere }, index) => {
    if (what !== 'begin' || !isThere) return [];
    const before = ledger.slice(0, index);
    const asked = before.findLast((line) => line.what === 'probe' && line.key === key && line.pid === pid);
    return asked?.isThere === false ? [] : [`The plug-in's run ${key} was done once more.`];
  });
}

function of<K extends LogEvent['kind']>(log: readonly LogEntry[], kind: K): Extract<LogEvent, { kind: K }>[] {
  return log.filter((entry) => entry.kind === kind) as Extract<LogEntry, { kind: K }>[];
}
