import type { Impact, InstanceAction, JournalEntry, Notice } from '../model/index.js';
import type { Server } from './cloud-port.js';
import { CAME_BACK } from './cold-migration.js';
import type { Decision, MoveInstance } from './decisions.js';
import { MoveLimits } from './move-limits.js';
import { preferredAction } from './preferences.js';
import { impactOf, moveRefusal, serversOn, standingFacts } from './room.js';
import { nextWay, type Trouble } from './trouble.js';
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
  /** An instance did not get away. */
  readonly trouble?: Trouble;
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
  const limits = new MoveLimits(view, host);
  for (const server of serversOn(view, host)) {
    const last = moves.get(server.id);
    if (last?.state === 'begun') continue;
    if (last?.state === 'failed') {
      // A live migration falls back where the instance's own list says so (v1 §5.3 V8), by no policy's leave.
      const fallsBack = last.intent.action === 'LIVE_MIGRATE' && server.status !== 'ERROR';
      const action = fallsBack ? nextWay(view, last) : undefined;
      const rest = { held, inFlight: 0, needsTarget };
      if (action === undefined) return { decisions: [], ...rest, trouble: troubleOf(last, host) };
      return { decisions: [{ kind: 'move-otherwise', entry: last, action }], ...rest };
    }
    if (isOwnersResize(view, server)) {
      held.push(`Instance ${server.id} waits for its owner to confirm or revert a resize.`);
      continue;
    }
    const action = actionFor(view, server, acked);
    if (action === undefined) continue;
    const stuck = immovable(view, server, action);
    if (stuck !== undefined) return { decisions: [], held, inFlight: 0, needsTarget, trouble: stuck };
    const target = action === 'OWN_ACTION' ? null : planned.get(server.id);
    if (target === undefined || (target !== null && isRefused(view, server, target))) {
      needsTarget = true;
      continue;
    }
    const refusal = limits.refusal(target) ?? moveRefusal(view, server, target, impacts)?.message;
    if (refusal !== undefined) {
      held.push(refusal);
      continue;
    }
    limits.take(target);
    decisions.push({ kind: 'move-instance', instanceId: server.id, action, target });
    impacts.push(impactOf(view, server, action, target));
  }
  const inFlight = [...moves.values()].filter((move) => move.state === 'begun').length;
  return { decisions, held, inFlight, needsTarget };
}

/** A move that failed on its last target: there is no other to be had, and it is not for want of room. */
export function givenBack(view: SessionView, host: string): JournalEntry | undefined {
  const moves = movesFrom(view, host);
  return serversOn(view, host)
    .map(({ id }) => moves.get(id))
    .find((last) => last?.state === 'refused' && last.outcome?.code === CAME_BACK);
}

function actionFor(view: SessionView, server: Server, acked: readonly Notice[]): InstanceAction | undefined {
  const notice = acked.findLast((candidate) => candidate.instanceIds.includes(server.id));
  return notice && (notice.actions[server.id] ?? preferredAction(view, server.id));
}

function isRefused(view: SessionView, server: Server, target: string): boolean {
  return standingFacts(view).some((fact) => fact.instanceId === server.id && fact.host === target);
}

/** A resize or migration that is not ours: only the owner ends it (v1 §5.1). */
export function isOwnersResize(view: SessionView, server: Server): boolean {
  if (server.status !== 'VERIFY_RESIZE' && server.status !== 'RESIZE') return false;
  return !view.effects.some((effect) => effect.state === 'begun' && effect.subject === server.id);
}

/** No way that is allowed leads off the host, unless the project itself acts (v1 §5.1). */
function immovable(view: SessionView, server: Server, action: InstanceAction): Trouble | undefined {
  if (action === 'OWN_ACTION') return undefined;
  const ways = view.constraints.instance(server.id)?.migrationTypes ?? [];
  const forbidden = ways[0] === 'NO_MIGRATION';
  if (server.status !== 'ERROR' && !forbidden) return undefined;
  const why = forbidden ? 'its constraints say NO_MIGRATION' : 'Nova moves nothing that is in ERROR';
  const message = `Instance ${server.id} cannot be moved off ${server.host}: ${why}.`;
  const { id: instanceId, projectId, host } = server;
  const reason = { code: 'immovable', message, instanceId, projectId, ...(host !== null && { host }) };
  return { event: 'immovable', reason, hosts: host === null ? [] : [host] };
}

function troubleOf(entry: JournalEntry, host: string): Trouble {
  const message = String(entry.outcome?.message ?? 'The move did not succeed.');
  const projectId = String(entry.intent.projectId ?? '');
  const reason = { code: 'instance-failed', message, host, instanceId: entry.subject, projectId };
  return { event: 'instance_failed', reason, hosts: [host], entry };
}
