import { plusSeconds } from '../common/clock.js';
import type { Fact, Impact } from '../model/index.js';
import type { HostPlanSnapshot, PlanInstance, PlannedMove } from '../planner/host-plan.js';
import { freeRoom, groupRefusal, type RuleRefusal, roomRefusal, spreadRefusal } from '../planner/rules.js';
import type { Server } from './cloud-port.js';
import { explicitGroupId, groupIdOf, groupOf } from './groups.js';
import { computeServiceOf, zoneOf } from './hosts.js';
import { NO_VALID_HOST } from './migrations.js';
import type { SessionView } from './view.js';

/** The code of a fact: Placement did not show the target fit and enabled. */
export const NOT_PROVEN = 'not-proven';
/** How long Placement may lag behind an enabled service or a freed place before its no counts, seconds. */
const PLACEMENT_LAG_S = 120;
/**
 * How long Nova's scheduler may count servers on hosts that they left by live migration, which matters to groups: until it
 * is told all that is there (`[scheduler]`, `scheduler_instance_sync_interval`), seconds.
 */
const SCHEDULER_LAG_S = 120;
/** After that Placement's no is old news: it may be asked again. */
const PLACEMENT_MEMORY_S = 180;

/** Servers on a host; `host` as Nova writes it. */
export function serversOn(view: SessionView, host: string): Server[] {
  return view.cloud.servers.filter((server) => server.host === host);
}

/** Whether the host may receive instances now: its compute service is up and enabled, and it is not to leave the cloud. */
export function mayReceive(view: SessionView, host: string): boolean {
  if (view.retiring.has(host)) return false;
  const service = computeServiceOf(view.cloud, host);
  return service?.up === true && service.enabled;
}

/**
 * What the planner needs to move `instances` off `host` onto `targets`.
 * @param patient leave out refusals that may be lag, of Placement or of Nova's scheduler
 */
export function planSnapshot(
  view: SessionView,
  host: string,
  instances: readonly Server[],
  targets: readonly string[],
  patient = false,
): HostPlanSnapshot {
  const facts = patient ? finalFacts(view) : standingFacts(view);
  const planned = ({ id, zone, resources }: Server): PlanInstance => ({
    instanceId: id,
    zone,
    resources,
    ...limitedGroup(view, id),
    ...(view.constraints.keepsRoom(id) && { keepsRoom: true as const }),
    refusedBy: facts.filter((fact) => fact.instanceId === id).map((fact) => fact.host),
  });
  const leaving = new Set(instances.map(({ id }) => id));
  const others = serversOn(view, host).filter(({ id }) => !leaving.has(id) && view.constraints.keepsRoom(id));
  return {
    host,
    instances: instances.map(planned),
    ...(others.length > 0 && { alsoKeep: others.map(planned) }),
    targets: view.cloud.capacities
      .filter((capacity) => targets.includes(capacity.host))
      .map((capacity) => ({
        host: capacity.host,
        zone: zoneOf(view.cloud, capacity.host),
        free: freeRoom(capacity.host, capacity.capacity, view.cloud.servers, view.impacts, view.cloud.at),
        members: membersOn(view, capacity.host),
      })),
  };
}

/** The group of an instance, where it is limited per host. */
function limitedGroup(view: SessionView, instanceId: string): Pick<PlanInstance, 'group'> {
  const own = view.constraints.groupOf(instanceId);
  if (own === undefined || own.maxInstancesPerHost === 0) return {};
  return { group: { groupId: explicitGroupId(own), maxPerHost: own.maxInstancesPerHost } };
}

/** Members of limited groups on a host, on their way there or from there, as {@link spreadRefusal} counts them (V4). */
function membersOn(view: SessionView, host: string): Record<string, number> {
  const ids = new Set(serversOn(view, host).map((server) => server.id));
  for (const { sourceHost, targetHost, endedAt, instanceId } of view.impacts) {
    if ((sourceHost === host || targetHost === host) && endedAt === null) ids.add(instanceId);
  }
  const members: Record<string, number> = {};
  for (const id of ids) {
    const { group } = limitedGroup(view, id);
    if (group !== undefined) members[group.groupId] = (members[group.groupId] ?? 0) + 1;
  }
  return members;
}

/** Refusals that still tell something. */
export function standingFacts({ facts, now }: SessionView): Fact[] {
  return facts.filter((fact) => fact.code !== NOT_PROVEN || plusSeconds(fact.at, PLACEMENT_MEMORY_S) > now);
}

/** Those that are no lag, of Placement or of Nova's scheduler: asked again it would be the same. */
export function finalFacts(view: SessionView): Fact[] {
  return standingFacts(view).filter((fact) => !mayBeLag(view, fact));
}

function mayBeLag(view: SessionView, fact: Fact): boolean {
  if (fact.code === NO_VALID_HOST) return fact.at < schedulerKnows(view, fact);
  return fact.code === NOT_PROVEN && plusSeconds(fact.at, PLACEMENT_LAG_S) > view.now;
}

/** When asking again for the moves of a plan makes sense, as far as Nova's scheduler refused them before. */
export function worthAsking(view: SessionView, moves: readonly PlannedMove[]): Date {
  const refused = view.facts.filter(
    ({ code, instanceId, host }) =>
      code === NO_VALID_HOST && moves.some((move) => move.instanceId === instanceId && move.target === host),
  );
  return refused.map((fact) => schedulerKnows(view, fact)).reduce((a, b) => (a > b ? a : b), view.now);
}

/** A refusal after that is final. */
function schedulerKnows({ effects }: SessionView, { instanceId, host, at }: Fact): Date {
  const first = effects.find(
    ({ kind, subject, intent, outcome }) =>
      kind === 'move' && subject === instanceId && intent.target === host && outcome?.code === NO_VALID_HOST,
  );
  return plusSeconds(first?.endedAt ?? at, SCHEDULER_LAG_S);
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
  const group = groupOf(view, server);
  const impacted = groupRefusal(group, server.id, impacts, view.now);
  if (impacted !== undefined || target === null) return impacted;
  const spread = spreadRefusal(group, server.id, target, view.cloud.servers, impacts);
  if (spread !== undefined) return spread;
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
    groupId: groupIdOf(view, server),
    action,
    sourceHost: server.host ?? '',
    targetHost: target,
    startedAt: view.now,
    endedAt: null,
    recoveredAt: null,
  };
}
