import type { Impact, InstanceAction, JournalEntry, Notice } from '../model/index.js';
import type { Server } from './cloud-port.js';
import { CAME_BACK } from './cold-migration.js';
import type { Decision, MoveInstance } from './decisions.js';
import { MoveLimits } from './move-limits.js';
import { preferredAction } from './preferences.js';
import { prospectOf } from './prospects.js';
import { impactOf, mayReceive, moveRefusal, serversOn, standingFacts } from './room.js';
import { isStopped } from './stopped.js';
import type { Trouble } from './trouble.js';
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
  /** An instance is held by a resize or a migration that we cannot end. */
  readonly betweenHosts: boolean;
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
  const decisions: Decision[] = [];
  const impacts: Impact[] = [];
  const held: string[] = [];
  const staying: Server[] = [];
  let needsTarget = false;
  let betweenHosts = false;
  const limits = new MoveLimits(view, host);
  const servers = serversOn(view, host).filter((server) => !isStopped(view, server));
  for (const server of servers) {
    const next = prospectOf(view, server, moves.get(server.id), actionFor(view, server, acked));
    if ('underWay' in next || 'unasked' in next) continue;
    if ('trouble' in next) return broken(held, next.trouble);
    if ('otherwise' in next)
      return { decisions: [next.otherwise], held, betweenHosts: false, inFlight: 0, needsTarget };
    if ('held' in next) {
      if (next.betweenHosts) held.unshift(next.held);
      else held.push(next.held);
      betweenHosts ||= next.betweenHosts;
      continue;
    }
    const { action, isOver } = next;
    if (action === 'STOP_START') {
      staying.push(server);
      continue;
    }
    const target = action === 'OWN_ACTION' ? null : planned.get(server.id);
    if (target === undefined || (target !== null && !canTake(view, server, target))) {
      needsTarget = true;
      continue;
    }
    const limited = limits.refusal(target);
    if (limited !== undefined) {
      held.push(limited);
      continue;
    }
    const refusal = moveRefusal(isOver ? overtaken(view, server) : view, server, target, impacts);
    // Somebody else took the room, or the place in the group, that was planned with.
    if (refusal?.because === 'no-room' || refusal?.because === 'anti-affinity') needsTarget = true;
    else if (refusal !== undefined) held.push(refusal.message);
    if (refusal !== undefined) continue;
    limits.take(target);
    decisions.push({ kind: 'move-instance', instanceId: server.id, action, target });
    impacts.push(impactOf(view, server, action, target));
  }
  if (staying.length > 0 && staying.length === servers.length) {
    const stops = stopsOn(view, host, staying);
    decisions.push(...stops.decisions);
    held.push(...stops.held);
  }
  const inFlight = [...moves.values()].filter((move) => move.state === 'begun').length;
  return { decisions, held, betweenHosts, inFlight, needsTarget };
}

function broken(held: readonly string[], trouble: Trouble): Moves {
  return { decisions: [], held, betweenHosts: false, inFlight: 0, needsTarget: false, trouble };
}

/** As it will be once the move that is overtaken counts no more. */
function overtaken(view: SessionView, { id }: Server): SessionView {
  return { ...view, impacts: view.impacts.filter(({ instanceId, endedAt }) => instanceId !== id || endedAt !== null) };
}

interface Stops {
  readonly decisions: readonly Decision[];
  readonly held: readonly string[];
}

/**
 * What stays on a host is stopped when everybody else has left: nobody is to be out of service for longer than the host,
 * nor while something else there has to be waited for.
 */
export function stopsOn(view: SessionView, host: string, staying: readonly Server[]): Stops {
  const off = staying.filter(({ status }) => status === 'SHUTOFF');
  const stops = off.length > 0 ? stopTogether(view, off.slice(0, 1)) : stopTogether(view, staying);
  if (off.length > 0 || stops.held.length > 0) return stops;
  const verified: Decision = { kind: 'verify-empty', host, staying: staying.map(({ id }) => id) };
  return { decisions: [verified, ...stops.decisions], held: [] };
}

/** All of them or none: one that is stopped while another one has to wait would be out of service for nothing. */
function stopTogether(view: SessionView, staying: readonly Server[]): Stops {
  const impacts: Impact[] = [];
  for (const server of staying) {
    const refusal = moveRefusal(view, server, null, impacts);
    if (refusal !== undefined) return { decisions: [], held: [refusal.message] };
    impacts.push(impactOf(view, server, 'STOP_START', null));
  }
  const decisions = staying.map(
    ({ id }): MoveInstance => ({ kind: 'move-instance', instanceId: id, action: 'STOP_START', target: null }),
  );
  return { decisions, held: [] };
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

function canTake(view: SessionView, server: Server, target: string): boolean {
  const isRefused = standingFacts(view).some((fact) => fact.instanceId === server.id && fact.host === target);
  return !isRefused && mayReceive(view, target);
}
