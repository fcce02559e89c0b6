import { plusSeconds } from '../common/clock.js';
import { orStopped } from '../common/unless-aborted.js';
import type { Session } from '../model/index.js';
import type { HostPlan } from '../planner/host-plan.js';
import type { SessionView } from '../workflow/view.js';
import type { ConstraintWatch } from './constraint-watch.js';
import type { SessionContext } from './context.js';
import type { OutboxPublisher } from './outbox.js';
import { settleLeftStops } from './stopped.js';

/** Notices closed so long ago matter to nobody who asks again (the rest between rounds is 2 s). */
const NOTICE_MEMORY_S = 60;

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
  const hosts = await repositories.hosts.list(sessionId);
  return {
    now,
    session,
    settings,
    hosts: hosts.filter((host) => host.excluded === null),
    notices: await repositories.notices.current(sessionId, plusSeconds(now, -NOTICE_MEMORY_S)),
    effects: await repositories.journal.current(sessionId),
    plans: (await repositories.plans.current(sessionId)) as ReadonlyMap<string, HostPlan>,
    facts: await repositories.facts.list(sessionId),
    constraints: await constraints.book(cloud.servers),
    impacts: await settleLeftStops(context, await repositories.impacts.active(cloud.at), cloud.servers),
    undelivered: await outbox.hasPending(),
    cloud,
  };
}
