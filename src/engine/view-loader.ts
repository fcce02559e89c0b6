import type { Session } from '../model/index.js';
import type { HostPlan } from '../planner/host-plan.js';
import type { SessionView } from '../workflow/view.js';
import type { SessionContext } from './context.js';
import type { OutboxPublisher } from './outbox.js';

/** Reads everything that a state handler decides from. @throws FenixError when the cloud can't be read */
export async function loadView(
  context: SessionContext,
  session: Session,
  outbox: OutboxPublisher,
): Promise<SessionView> {
  const { repositories, clock, settings, sessionId } = context;
  const cloud = await context.watch.view();
  const now = clock.now();
  const hosts = await repositories.hosts.list(sessionId);
  const plans = new Map<string, HostPlan>();
  for (const { subject, result } of await repositories.plans.list(sessionId)) plans.set(subject, result as HostPlan);
  return {
    now,
    session,
    settings,
    hosts: hosts.filter((host) => host.excluded === null),
    projects: await repositories.projects.list(sessionId),
    instances: await repositories.instances.list(sessionId),
    notices: await repositories.notices.list(sessionId),
    effects: (await repositories.journal.list(sessionId)).filter((entry) => entry.kind !== 'step'),
    pluginRuns: await repositories.pluginRuns.list(sessionId),
    plans,
    facts: await repositories.facts.list(sessionId),
    impacts: await repositories.impacts.active(now),
    undelivered: await outbox.hasPending(),
    cloud,
  };
}
