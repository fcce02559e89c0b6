import { plusSeconds } from '../common/clock.js';
import { orStopped } from '../common/unless-aborted.js';
import type { Repositories } from '../db/repositories.js';
import type { Session, SessionHost } from '../model/index.js';
import type { HostPlan } from '../planner/host-plan.js';
import type { Server } from '../workflow/cloud-port.js';
import { ConstraintBook } from '../workflow/constraint-book.js';
import { actionsFor } from '../workflow/maintaining.js';
import type { SessionView } from '../workflow/view.js';
import type { SessionContext } from './context.js';
import type { OutboxPublisher } from './outbox.js';
import { settleLeftStops } from './stopped.js';

/** Notices closed so long ago matter to nobody who asks again (the rest between rounds is 2 s). */
const NOTICE_MEMORY_S = 60;

/** Records of every instance that Nova has: members of a group may be anywhere (V1, V4). */
async function loadConstraints(repositories: Repositories, servers: readonly Server[]): Promise<ConstraintBook> {
  const projects = new Map(servers.map((server) => [server.id, server.projectId]));
  const instances = await repositories.instanceConstraints.forInstances([...projects.keys()]);
  const groupIds = [...new Set(instances.flatMap(({ groupId }) => (groupId === null ? [] : [groupId])))];
  const groups = await repositories.groupConstraints.forGroups(groupIds);
  return new ConstraintBook(instances, groups, (id) => projects.get(id));
}

function retiring({ plugins }: SessionContext, session: Session, hosts: readonly SessionHost[]): Set<string> {
  const removing = session.actions.filter(({ plugin }) => plugins.findAction(plugin)?.removes !== undefined);
  if (removing.length === 0) return new Set();
  const leaves = (host: SessionHost): boolean =>
    actionsFor({ session: { ...session, actions: removing } }, host).some(
      ({ plugin, metadata }) => plugins.findAction(plugin)?.removes?.(metadata, host.hostname) === true,
    );
  const left = hosts.filter((host) => host.scaled !== 'removed' && host.state !== 'done' && host.state !== 'skipped');
  return new Set(left.filter(leaves).map(({ hostname }) => hostname));
}

/** Reads everything that a state handler decides from. @throws FenixError when the cloud can't be read */
export async function loadView(
  context: SessionContext,
  session: Session,
  outbox: OutboxPublisher,
): Promise<SessionView> {
  const { repositories, clock, settings, sessionId } = context;
  const cloud = await orStopped(context.watch.view(), context.stopping);
  const now = clock.now();
  const hosts = (await repositories.hosts.list(sessionId)).filter((host) => host.excluded === null);
  return {
    now,
    session,
    settings,
    hosts,
    retiring: retiring(context, session, hosts),
    notices: await repositories.notices.current(sessionId, plusSeconds(now, -NOTICE_MEMORY_S)),
    effects: await repositories.journal.current(sessionId),
    plans: (await repositories.plans.current(sessionId)) as ReadonlyMap<string, HostPlan>,
    facts: await repositories.facts.list(sessionId),
    constraints: await loadConstraints(repositories, cloud.servers),
    impacts: await settleLeftStops(context, await repositories.impacts.active(cloud.at), cloud.servers),
    undelivered: await outbox.hasPending(),
    cloud,
  };
}
