import type { FleetGroup } from '../../planner/fleet.js';
import { countsAt } from '../../planner/rules.js';
import type { Server } from '../cloud-port.js';
import type { Group } from '../groups.js';
import type { SessionView } from '../view.js';
import type { FleetIndex } from './index-of-view.js';

/**
 * What a member is planned in that is out of service anyway: to move it impacts nobody else, however many of its group are
 * (V1). Where it must not go for V4 counts as refused.
 */
export function aloneIn({ groupId }: Group, instanceId: string): string {
  return `${groupId} ${instanceId}`;
}

/** The groups of these servers, with every impact that counts in them now, of all sessions (V1, V2, V7). */
export function fleetGroups(view: SessionView, index: FleetIndex, servers: readonly Server[]): FleetGroup[] {
  const groups = new Map(servers.map((server) => [index.groupOf(server).groupId, index.groupOf(server)]));
  const impacts = new Map<string, Map<string, number | null>>();
  const note = (groupId: string, instanceId: string, until: number | null): void => {
    const own = impacts.get(groupId) ?? new Map<string, number | null>();
    impacts.set(groupId, own);
    const known = own.get(instanceId);
    if (known === null) return;
    own.set(instanceId, until === null || known === undefined ? until : Math.max(known, until));
  };
  for (const impact of view.impacts) {
    if (!countsAt(impact, view.now)) continue;
    note(impact.groupId, impact.instanceId, impact.recoveredAt === null ? null : impact.recoveredAt.getTime() / 1000);
  }
  for (const { groupId, broken } of groups.values()) for (const id of broken) note(groupId, id, null);
  const alone = servers.flatMap((server): FleetGroup[] => {
    const group = index.groupOf(server);
    // Who is off may be one that stays so.
    if (!group.broken.includes(server.id) && server.status !== 'SHUTOFF') return [];
    const own = { groupId: aloneIn(group, server.id), recoveryS: group.recoveryTimeS };
    return [{ ...own, maxImpacted: 1, maxPerHost: 0, impacts: [] }];
  });
  const whole = [...groups.values()].map(({ groupId, maxImpacted, maxPerHost, recoveryTimeS }) => ({
    groupId,
    maxImpacted,
    maxPerHost,
    recoveryS: recoveryTimeS,
    impacts: [...(impacts.get(groupId) ?? [])].map(([instanceId, until]) => ({ instanceId, until })),
  }));
  return [...whole, ...alone];
}
