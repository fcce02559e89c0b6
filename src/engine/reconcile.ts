import type { SessionInstance } from '../model/index.js';
import type { Server } from '../workflow/cloud-port.js';
import { implicitGroup } from '../workflow/groups.js';
import type { SessionView } from '../workflow/view.js';
import type { SessionContext } from './context.js';

/** Brings the session's record of instances up to what the cloud shows: new ones, moved ones, gone ones. */
export async function reconcileInstances(session: SessionContext, view: SessionView): Promise<void> {
  const ours = new Set(view.hosts.filter((host) => host.isCompute).map((host) => host.hostname));
  const known = new Map(view.instances.map((instance) => [instance.instanceId, instance]));
  const seen = new Map(view.cloud.servers.map((server) => [server.id, server]));
  const changed: SessionInstance[] = [];
  for (const server of seen.values()) {
    const record = known.get(server.id);
    if (server.host === null || (record === undefined && !ours.has(server.host))) continue;
    const next = recordOf(session, server, server.host, record);
    if (record === undefined || record.host !== next.host || record.state !== next.state) changed.push(next);
  }
  for (const record of known.values()) {
    if (!seen.has(record.instanceId) && record.state !== 'GONE') changed.push({ ...record, state: 'GONE' });
  }
  if (changed.length === 0) return;
  await session.writer.commit(async (unit) => {
    for (const instance of changed) await session.repositories.instances.save(instance, unit.tx);
  });
}

function recordOf(session: SessionContext, server: Server, host: string, record?: SessionInstance): SessionInstance {
  const { groupId } = implicitGroup(server, session.settings);
  const fresh = { projectState: null, action: null, actionDone: false };
  return {
    ...fresh,
    ...record,
    sessionId: session.sessionId,
    instanceId: server.id,
    instanceName: server.name,
    projectId: server.projectId,
    groupId,
    host,
    state: server.status,
  };
}
