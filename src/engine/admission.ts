import type { Repositories } from '../db/repositories.js';
import type { Impact, Resources } from '../model/index.js';
import { freeRoom, groupRefusal, type RuleRefusal, roomRefusal, spreadRefusal } from '../planner/rules.js';
import type { Group } from '../workflow/groups.js';
import type { CloudView } from '../workflow/view.js';
import type { Unit } from './session-writer.js';

export interface ImpactRequest {
  readonly instanceId: string;
  readonly attempt: number;
  readonly projectId: string;
  readonly group: Group;
  readonly action: string;
  readonly sourceHost: string;
  readonly targetHost: string | null;
  readonly resources: Resources;
}

/**
 * Grants an instance's impact its place in the group and its room at the target, or says why not (L5). Runs in the
 * caller's transaction, over the impacts of all sessions; of two that decide at the same time the guards let one win.
 * @throws FenixError `guard-moved` (conflict): read again, decide again
 */
export async function admit(
  unit: Unit,
  repositories: Repositories,
  cloud: CloudView,
  request: ImpactRequest,
): Promise<RuleRefusal | undefined> {
  const { tx, now, sessionId } = unit;
  const guards = [`group:${request.group.groupId}`];
  if (request.targetHost !== null) guards.push(`host:${request.targetHost}`);
  const versions = await repositories.guards.read(guards.map(guardKey), tx);
  const impacts = await repositories.impacts.active(cloud.at, tx);
  const refusal = groupRefusal(request.group, request.instanceId, impacts, now) ?? atTarget(request, cloud, impacts);
  if (refusal !== undefined) return refusal;
  const { group, resources, ...rest } = request;
  const impact: Impact = {
    ...rest,
    ...resources,
    sessionId,
    groupId: group.groupId,
    startedAt: now,
    endedAt: null,
    recoveredAt: null,
  };
  await repositories.impacts.insert(impact, tx);
  await repositories.guards.move(versions, tx);
  return undefined;
}

function atTarget(request: ImpactRequest, cloud: CloudView, impacts: readonly Impact[]): RuleRefusal | undefined {
  const { targetHost, resources, group, instanceId } = request;
  if (targetHost === null) return undefined;
  const spread = spreadRefusal(group, instanceId, targetHost, cloud.servers, impacts);
  if (spread !== undefined) return spread;
  const capacity = cloud.capacities.find(({ host }) => host === targetHost)?.capacity;
  if (capacity === undefined) return { because: 'no-room', message: `Placement knows no host ${targetHost}.` };
  return roomRefusal(targetHost, resources, freeRoom(targetHost, capacity, cloud.servers, impacts, cloud.at));
}

/** Keys fit their column. */
function guardKey(key: string): string {
  return key.slice(0, 255);
}
