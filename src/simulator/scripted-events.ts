import type { Cloud } from './cloud.js';
import { setHostUp } from './hosts.js';
import type { Moves } from './moves.js';
import type { Topology } from './topology.js';

/** Puts into the future what the topology says will happen: hosts that fail or come back, resizes confirmed late. */
export function scheduleEvents(cloud: Cloud, moves: Moves, topology: Topology): void {
  for (const { name, downAfter, upAfter } of topology.hosts) {
    if (downAfter !== undefined) cloud.timeline.after(downAfter, () => setHostUp(cloud, name, false));
    if (upAfter !== undefined) cloud.timeline.after(upAfter, () => setHostUp(cloud, name, true));
  }
  for (const project of topology.projects)
    for (const { name, confirmAfter } of project.instances ?? [])
      if (confirmAfter !== undefined)
        cloud.timeline.after(confirmAfter, () => confirm(cloud, moves, project.name, name));
}

function confirm(cloud: Cloud, moves: Moves, projectName: string, instanceName: string): void {
  const user = cloud.users.find(({ project }) => project.name === projectName);
  const instance = cloud
    .instances()
    .find(
      ({ name, projectId, vmState }) =>
        name === instanceName && projectId === user?.project.id && vmState === 'resized',
    );
  if (user === undefined || instance === undefined) return;
  const requestId = `req-${cloud.newUuid()}`;
  moves.confirm(instance, { userId: user.id, projectId: user.project.id, admin: false, requestId });
}
