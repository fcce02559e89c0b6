import {
  addResources,
  type GroupConstraints,
  type Impact,
  NO_RESOURCES,
  type Notice,
  type Resources,
} from '../../model/index.js';
import type { Server } from '../cloud-port.js';
import { type Group, groupOf } from '../groups.js';
import { serverOf } from '../server-index.js';
import type { SessionView } from '../view.js';

/** What is looked up again and again while a step for many hosts is made; each is gathered once. */
export class FleetIndex {
  private readonly byHost = new Map<string, Server[]>();
  private readonly notices = new Map<string, Notice>();
  private readonly groups = new Map<unknown, Group>();
  private readonly sizes = new Map<GroupConstraints, number>();
  private readonly impacts = new Map<string, Impact[]>();
  private readonly capacities: ReadonlyMap<string, Resources>;
  private readonly held = new Map<string, string>();
  private readonly heldElsewhere = new Map<string, Resources>();

  constructor(private readonly view: SessionView) {
    for (const server of view.cloud.servers) {
      if (server.host === null) continue;
      const there = this.byHost.get(server.host);
      if (there === undefined) this.byHost.set(server.host, [server]);
      else there.push(server);
    }
    for (const impact of view.impacts) {
      for (const host of new Set([impact.sourceHost, impact.targetHost])) {
        if (host !== null) this.impacts.set(host, [...(this.impacts.get(host) ?? []), impact]);
      }
    }
    this.capacities = new Map(view.cloud.capacities.map(({ host, capacity }) => [host, capacity]));
    for (const placeholder of view.placeholders) {
      const { sessionId, instanceId, host } = placeholder;
      if (sessionId === view.session.sessionId) this.held.set(instanceId, host);
      else this.heldElsewhere.set(host, addResources(this.heldByOthers(host), placeholder));
    }
    for (const notice of view.notices) {
      const { host, instanceId, outcome } = notice;
      if (host === null || instanceId === null || outcome === 'cancelled' || outcome === 'gone') continue;
      this.notices.set(`${host} ${instanceId}`, notice);
    }
  }

  serversOn(host: string): readonly Server[] {
    return this.byHost.get(host) ?? [];
  }

  server(id: string): Server | undefined {
    return serverOf(this.view.cloud, id);
  }

  /** Impacts that begin or end there. */
  impactsAt(host: string): readonly Impact[] {
    return this.impacts.get(host) ?? [];
  }

  capacityOf(host: string): Resources | undefined {
    return this.capacities.get(host);
  }

  /** The newest that still means something. */
  noticeOf(host: string, instanceId: string): Notice | undefined {
    return this.notices.get(`${host} ${instanceId}`);
  }

  /** Hosts that have as many of its group as they may, for a member that is out of service (V4). */
  crowdedFor(server: Server): string[] {
    const { broken, maxPerHost, members } = this.groupOf(server);
    if (maxPerHost === 0 || !broken.includes(server.id)) return [];
    const counts = new Map<string, number>();
    for (const id of members) {
      const host = id === server.id ? undefined : this.server(id)?.host;
      if (host !== undefined && host !== null) counts.set(host, (counts.get(host) ?? 0) + 1);
    }
    return [...counts].flatMap(([host, count]) => (count >= maxPerHost ? [host] : []));
  }

  /** Where Placement holds room for an instance of the session; undefined where it does not. */
  heldAt(instanceId: string): string | undefined {
    return this.held.get(instanceId);
  }

  /** What Placement holds there for other sessions; the session's own is promised by its plan. */
  heldByOthers(host: string): Resources {
    return this.heldElsewhere.get(host) ?? NO_RESOURCES;
  }

  /** Members that Nova has. */
  sizeOf(group: GroupConstraints): number {
    const size = this.sizes.get(group) ?? this.view.constraints.membersOf(group).length;
    this.sizes.set(group, size);
    return size;
  }

  /** One look at each group, and not at each of its members. */
  groupOf(server: Server): Group {
    const key = this.view.constraints.groupOf(server.id) ?? `${server.projectId}:${server.flavorName}`;
    const known = this.groups.get(key) ?? groupOf(this.view, server);
    this.groups.set(key, known);
    return known;
  }
}
