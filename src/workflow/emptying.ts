import type { Impact, InstanceAction, JournalEntry, Notice, Reason } from '../model/index.js';
import type { Server } from './cloud-port.js';
import type { Decision, MoveInstance } from './decisions.js';
import { impactOf, moveRefusal, serversOn } from './room.js';
import type { SessionView } from './view.js';

/** The newest attempt of each move that began on `host`. */
export function movesFrom(view: SessionView, host: string): Map<string, JournalEntry> {
  const latest = new Map<string, JournalEntry>();
  for (const entry of view.effects) {
    if (entry.kind !== 'move' || entry.state === 'superseded' || entry.intent.from !== host) continue;
    const known = latest.get(entry.subject);
    if (known === undefined || known.attempt < entry.attempt) latest.set(entry.subject, entry);
  }
  return latest;
}

export interface Moves {
  readonly decisions: readonly Decision[];
  /** Why instances that might go do not go yet. */
  readonly held: readonly string[];
  readonly inFlight: number;
  /** An instance can't leave; the session fails. */
  readonly failed?: Omit<Reason, 'at'>;
  /** An instance needs another target than planned. */
  readonly needsTarget: boolean;
}

/**
 * Which of the host's acknowledged instances begin to move now. Everyone goes as soon as its project said how and the
 * safety rules allow it; a target that refused an instance is replaced by the next plan without a second notice (L12).
 */
export function nextMoves(view: SessionView, host: string, acked: readonly Notice[]): Moves {
  const moves = movesFrom(view, host);
  const planned = new Map(view.plans.get(host)?.moves.map(({ instanceId, target }) => [instanceId, target]));
  const decisions: MoveInstance[] = [];
  const impacts: Impact[] = [];
  const held: string[] = [];
  let needsTarget = false;
  for (const server of serversOn(view, host)) {
    const last = moves.get(server.id);
    if (last?.state === 'begun') continue;
    if (last?.state === 'failed')
      return { decisions: [], held, inFlight: 0, needsTarget, failed: reasonOf(last, host) };
    const action = actionFor(server, acked);
    if (action === undefined) continue;
    const target = action === 'OWN_ACTION' ? null : planned.get(server.id);
    if (target === undefined || (target !== null && isRefused(view, server, target))) {
      needsTarget = true;
      continue;
    }
    const refusal = moveRefusal(view, server, target, impacts);
    if (refusal !== undefined) {
      held.push(refusal.message);
      continue;
    }
    decisions.push({ kind: 'move-instance', instanceId: server.id, action, target });
    impacts.push(impactOf(view, server, action, target));
  }
  const inFlight = [...moves.values()].filter((move) => move.state === 'begun').length;
  return { decisions, held, inFlight, needsTarget };
}

function actionFor(server: Server, acked: readonly Notice[]): InstanceAction | undefined {
  const notice = acked.findLast((candidate) => candidate.instanceIds.includes(server.id));
  return notice && (notice.actions[server.id] ?? 'MIGRATE');
}

function isRefused(view: SessionView, server: Server, target: string): boolean {
  return view.facts.some((fact) => fact.instanceId === server.id && fact.host === target);
}

function reasonOf(entry: JournalEntry, host: string): Omit<Reason, 'at'> {
  const why = String(entry.outcome?.message ?? 'The move did not succeed.');
  return { code: 'instance-failed', message: why, host, instanceId: entry.subject };
}
