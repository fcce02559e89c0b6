import type { SessionInstance } from '../model/index.js';
import type { Server } from '../workflow/cloud-port.js';
import { groupIdOf } from '../workflow/groups.js';
import type { SessionView } from '../workflow/view.js';
import type { SessionContext } from './context.js';
import { noteOwnAction } from './own-actions.js';

/** Where an instance was last seen, and as what. */
interface Seen {
  readonly host: string;
  readonly state: string;
}

/**
 * Keeps the session's record of instances as the cloud shows them: new ones, moved ones, gone ones. What was written
 * is remembered, as only the owner of the session writes it.
 */
export class InstanceRecords {
  private seen: Map<string, Seen> | undefined;

  constructor(private readonly session: SessionContext) {}

  async bringUpTo(view: SessionView): Promise<void> {
    const seen = await this.known();
    const ours = new Set(view.hosts.filter((host) => host.isCompute).map((host) => host.hostname));
    const present = new Set<string>();
    const changed: Server[] = [];
    for (const server of view.cloud.servers) {
      present.add(server.id);
      const last = seen.get(server.id);
      const isNew = last === undefined && server.host !== null && ours.has(server.host);
      const differs = last !== undefined && (last.state !== server.status || (server.host ?? last.host) !== last.host);
      if (isNew || differs) changed.push(server);
    }
    const gone = [...seen].filter(([id, { state }]) => state !== 'GONE' && !present.has(id));
    if (changed.length + gone.length === 0) return;
    const left = [
      ...gone.map(([id, { host }]) => ({ id, host })),
      ...changed.flatMap(({ id, host }) => {
        const from = seen.get(id)?.host;
        return from === undefined || host === null || host === from ? [] : [{ id, host: from }];
      }),
    ];
    // Before the transaction, which has to be short: there may be tens of thousands.
    const fresh = changed.filter(({ id }) => !seen.has(id)).map((server) => this.recordOf(view, server));
    const moved = changed.flatMap(({ id, host, status }) => {
      const last = seen.get(id);
      return last === undefined ? [] : [[id, { host: host ?? last.host, state: status }] as const];
    });
    const lost = gone.map(([id, { host }]) => [id, { host, state: 'GONE' }] as const);
    const other = new Map<string, Seen>([...moved, ...lost]);
    const { repositories, sessionId, writer } = this.session;
    await writer.commit(async (unit) => {
      for (const { id, host } of left) await noteOwnAction(this.session, unit, view, id, host);
      await repositories.instances.save(fresh, unit.tx);
      await repositories.instances.see(sessionId, other, unit.tx);
    });
    for (const { instanceId, host, state } of fresh) seen.set(instanceId, { host, state });
    for (const [id, now] of other) seen.set(id, now);
  }

  private async known(): Promise<Map<string, Seen>> {
    if (this.seen === undefined) {
      const records = await this.session.repositories.instances.list(this.session.sessionId);
      this.seen = new Map(records.map(({ instanceId, host, state }) => [instanceId, { host, state }]));
    }
    return this.seen;
  }

  private recordOf(view: SessionView, server: Server): SessionInstance {
    return {
      sessionId: this.session.sessionId,
      instanceId: server.id,
      instanceName: server.name,
      projectId: server.projectId,
      groupId: groupIdOf(view, server),
      host: server.host ?? '',
      state: server.status,
      projectState: null,
      action: null,
      actionDone: false,
    };
  }
}
