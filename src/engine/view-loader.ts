import { plusSeconds } from '../common/clock.js';
import { orStopped } from '../common/unless-aborted.js';
import type { Session, SessionHost } from '../model/index.js';
import type { HostPlan } from '../planner/host-plan.js';
import { actionsFor } from '../workflow/maintaining.js';
import type { SessionView } from '../workflow/view.js';
import type { ConstraintWatch } from './constraint-watch.js';
import type { SessionContext } from './context.js';
import type { OutboxPublisher } from './outbox.js';
import { settleLeftStops } from './stopped.js';

/** Notices closed so long ago matter to nobody who asks again (the rest between rounds is 2 s). */
const NOTICE_MEMORY_S = 60;

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
  constraints: ConstraintWatch,
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
    constraints: await constraints.book(cloud.servers),
    impacts: await settleLeftStops(context, await repositories.impacts.active(cloud.at), cloud.servers),
    placeholders: await repositories.placeholders.all(),
    undelivered: outbox.hasPending,
    cloud,
  };
}
