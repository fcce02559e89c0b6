import { limitForSize } from '../../model/index.js';
import type { ScaleInCandidate } from '../../planner/fleet.js';
import { computesOf } from '../hosts.js';
import type { SessionView } from '../view.js';
import type { FleetIndex } from './index-of-view.js';

/**
 * Instances whose projects can be asked to scale in: not of those that have refused, kept silent or were taken to agree
 * without being asked, nor below what a group has to preserve (v1 §4.2).
 */
export function scaleInCandidates(view: SessionView, index: FleetIndex): ScaleInCandidate[] {
  const last = new Map(
    view.notices.filter(({ state }) => state === 'SCALE_IN').map(({ projectId, outcome }) => [projectId, outcome]),
  );
  return computesOf(view).flatMap(({ hostname }) =>
    index.serversOn(hostname).flatMap((server): ScaleInCandidate[] => {
      const { id, projectId, zone, resources } = server;
      const outcome = last.get(projectId);
      if (outcome === 'tolerated' || outcome === 'forced') return [];
      const spare = spareOf(view, index, id);
      const { groupId } = index.groupOf(server);
      return spare <= 0 ? [] : [{ projectId, host: hostname, zone, instanceId: id, groupId, resources, spare }];
    }),
  );
}

function spareOf(view: SessionView, index: FleetIndex, instanceId: string): number {
  const group = view.constraints.groupOf(instanceId);
  if (group === undefined) return Number.MAX_SAFE_INTEGER;
  const size = index.sizeOf(group);
  return size - (limitForSize(group.minPreservedTable, size, Math.max) ?? 0);
}
