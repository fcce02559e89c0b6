import { plusSeconds } from '../common/clock.js';
import type { Fact, Impact } from '../model/index.js';
import type { HostPlanSnapshot } from '../planner/host-plan.js';
import { freeRoom, groupRefusal, type RuleRefusal, roomRefusal } from '../planner/rules.js';
import type { Server } from './cloud-port.js';
import { implicitGroup } from './groups.js';
import { computeServiceOf } from './hosts.js';
import type { SessionView } from './view.js';

/** The code of a fact: Placement did not show the target fit and enabled. */
export const NOT_PROVEN = 'not-proven';
/** How long Placement may lag behind an enabled service or a freed place before its no is final, seconds. */
const PLACEMENT_LAG_S = 120;

/** Servers on a host; `host` as Nova writes it. */
export function serversOn(view: SessionView, host: string): Server[] {
  return view.cloud.servers.filter((server) => server.host === host);
}

/** Whether the host may receive instances now: its compute service is up and enabled. */
export function mayReceive(view: SessionView, host: string): boolean {
  const service = computeServiceOf(view.cloud, host);
  return service?.up === true && service.enabled;
}

/**
 * What the planner needs to empty `host` onto `targets`.
 * @param patient leave out refusals by Placement that may still be its lag
 */
export function planSnapshot(
  view: SessionView,
  host: string,
  targets: readonly string[],
  patient = false,
): HostPlanSnapshot {
  const facts = patient ? view.facts.filter((fact) => !mayBeLag(fact, view.now)) : view.facts;
  return {
    host,
    instances: serversOn(view, host).map(({ id, zone, resources }) => ({
      instanceId: id,
      zone,
      resources,
      refusedBy: facts.filter((fact) => fact.instanceId === id).map((fact) => fact.host),
    })),
    targets: view.cloud.capacities
      .filter((capacity) => targets.includes(capacity.host))
      .map((capacity) => ({
        host: capacity.host,
        zone: computeServiceOf(view.cloud, capacity.host)?.zone ?? '',
        free: freeRoom(capacity.host, capacity.capacity, view.cloud.servers, view.impacts, view.cloud.at),
      })),
  };
}

function mayBeLag(fact: Fact, now: Date): boolean {
  return fact.code === NOT_PROVEN && plusSeconds(fact.at, PLACEMENT_LAG_S) > now;
}

/**
 * Why `server` may not begin its move now, asked with the moves decided in this turn so far. Admission asks the same
 * again over all sessions; asking first keeps a handler from proposing what must be refused.
 */
export function moveRefusal(
  view: SessionView,
  server: Server,
  target: string | null,
  decided: readonly Impact[],
): RuleRefusal | undefined {
  const impacts = [...view.impacts, ...decided];
  const group = groupRefusal(implicitGroup(server, view.settings), server.id, impacts, view.now);
  if (group !== undefined || target === null) return group;
  const capacity = view.cloud.capacities.find(({ host }) => host === target)?.capacity;
  if (capacity === undefined) return { because: 'no-room', message: `Placement knows no host ${target}.` };
  return roomRefusal(target, server.resources, freeRoom(target, capacity, view.cloud.servers, impacts, view.cloud.at));
}

/** The impact that a move decided now will be, for {@link moveRefusal}. */
export function impactOf(view: SessionView, server: Server, action: string, target: string | null): Impact {
  return {
    ...server.resources,
    sessionId: view.session.sessionId,
    instanceId: server.id,
    attempt: 0,
    projectId: server.projectId,
    groupId: implicitGroup(server, view.settings).groupId,
    action,
    sourceHost: server.host ?? '',
    targetHost: target,
    startedAt: view.now,
    endedAt: null,
    recoveredAt: null,
  };
}
