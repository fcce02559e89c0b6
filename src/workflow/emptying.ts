import type { Impact, InstanceAction, JournalEntry, Notice } from '../model/index.js';
import type { Server } from './cloud-port.js';
import { CAME_BACK } from './cold-migration.js';
import type { Decision, MoveInstance } from './decisions.js';
import { isDown } from './hosts.js';
import { MoveLimits } from './move-limits.js';
import { preferredAction } from './preferences.js';
import { impactOf, mayReceive, moveRefusal, serversOn, standingFacts } from './room.js';
import { isStopped } from './stopped.js';
import { nextWay, type Trouble } from './trouble.js';
import type { SessionView } from './view.js';
import { mustEvacuate, wayOff } from './ways-off.js';

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
    const last = moves.get(server.id);
    if (last?.state === 'begun') continue;
    const isOver = last?.state === 'failed' && isOvertaken(view, server, last);
    if (last?.state === 'failed' && !isOver) {
      // A live migration falls back where the instance's own list says so (v1 §5.3 V8), by no policy's leave.
      const fallsBack = last.intent.action === 'LIVE_MIGRATE' && server.status !== 'ERROR';
      const action = fallsBack ? nextWay(view, last) : undefined;
      if (action === undefined) return broken(held, troubleOf(last, host));
      const decision: Decision = { kind: 'move-otherwise', entry: last, action };
      return { decisions: [decision], held, betweenHosts: false, inFlight: 0, needsTarget };
    }
    if (!isOver && isBetweenHosts(view, server)) {
      held.unshift(whatEndsIt(view, server));
      betweenHosts = true;
      continue;
    }
    const chosen = actionFor(view, server, acked);
    if (chosen === undefined) continue;
    if (chosen !== 'OWN_ACTION' && isDown(view.cloud, host) && !mustEvacuate(view, server)) {
      held.push(`Host ${host} is down.`);
      continue;
    }
    const way = wayOff(view, server, chosen);
    if ('stuck' in way) return broken(held, immovable(server, way.stuck));
    const { action } = way;
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
  // When everybody else has left: nobody is to be out of service for longer than the host.
  if (staying.length > 0 && staying.length === servers.length) {
    const off = staying.filter(({ status }) => status === 'SHUTOFF');
    const stops = off.length > 0 ? stopTogether(view, off.slice(0, 1)) : stopTogether(view, staying);
    // Nobody is stopped while something else on the host has to be waited for.
    if (off.length === 0 && stops.held.length === 0)
      decisions.push({ kind: 'verify-empty', host, staying: staying.map(({ id }) => id) });
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
  readonly decisions: readonly MoveInstance[];
  readonly held: readonly string[];
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

/** A host died under the move that failed, its source or the target of an evacuation: it is begun anew, from there. */
function isOvertaken(view: SessionView, server: Server, { intent }: JournalEntry): boolean {
  if (!mustEvacuate(view, server) || intent.action === 'OWN_ACTION') return false;
  return intent.action !== 'EVACUATE' || isDown(view.cloud, String(intent.target));
}

/** In a resize or migration that no effect of ours sees to the end. */
export function isBetweenHosts(view: SessionView, { id, status }: Server): boolean {
  if (status !== 'VERIFY_RESIZE' && status !== 'RESIZE') return false;
  return !view.effects.some((effect) => effect.state === 'begun' && effect.subject === id);
}

/** Its own resize is ended by the owner alone (v1 §5.1), and one of our migrations that outlasted all patience by Nova. */
function whatEndsIt(view: SessionView, { id }: Server): string {
  const isOurs = view.effects.some(({ subject, outcome }) => subject === id && outcome?.underWay === true);
  return isOurs
    ? `Instance ${id} is still in a migration that did not end in time, and that only Nova can end.`
    : `Instance ${id} waits for its owner to confirm or revert a resize.`;
}

/** No way that is allowed leads off the host, unless the project itself acts (v1 §5.1). */
function immovable({ id: instanceId, projectId, host }: Server, why: string): Trouble {
  const message = `Instance ${instanceId} cannot be moved off ${host}: ${why}.`;
  const reason = { code: 'immovable', message, instanceId, projectId, ...(host !== null && { host }) };
  return { event: 'immovable', reason, hosts: host === null ? [] : [host] };
}

function troubleOf(entry: JournalEntry, host: string): Trouble {
  const message = String(entry.outcome?.message ?? 'The move did not succeed.');
  const projectId = String(entry.intent.projectId ?? '');
  const reason = { code: 'instance-failed', message, host, instanceId: entry.subject, projectId };
  return { event: 'instance_failed', reason, hosts: [host], entry };
}
