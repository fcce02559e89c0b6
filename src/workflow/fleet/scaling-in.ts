import { addResources, NO_RESOURCES } from '../../model/index.js';
import type { FleetPlan } from '../../planner/fleet.js';
import type { Decision } from '../decisions.js';
import { assumeUnmanaged } from '../managers.js';
import { ask } from '../notices.js';
import { scaleInRoundsWithoutGain } from '../scale-in.js';
import { failing } from '../trouble.js';
import type { SessionView, WorkflowTools } from '../view.js';
import { deadline } from '../waits.js';
import { scaleInWindow } from './answers.js';
import type { Gathered } from './gathered.js';
import type { FleetIndex } from './index-of-view.js';

/** Asks the projects that the plan chose for room, for as long as that helps (v1 §5.3 V5, §5.2). */
export async function askToScaleIn(
  view: SessionView,
  tools: WorkflowTools,
  index: FleetIndex,
  plan: FleetPlan,
  gathered: Gathered,
): Promise<void> {
  if (plan.scaleIn.length === 0) {
    if (plan.stuck !== undefined) noWayOn(view, plan, plan.stuck, gathered);
    return;
  }
  const rounds = scaleInRoundsWithoutGain(view);
  if (rounds >= view.settings.scaleInNoGainRounds) {
    if (goesOn(view, plan, gathered)) return;
    const message = `${rounds} rounds of SCALE_IN freed nothing. ${shortage(plan)}`.trim();
    gathered.take(failing({ code: 'no-room', message }));
    return;
  }
  const asked = ask(view, {
    state: 'SCALE_IN',
    instances: new Map(plan.scaleIn.map(({ projectId, instanceIds }) => [projectId, instanceIds])),
    host: null,
    allowedActions: [],
    window: scaleInWindow(view),
    repeats: Math.min(1, view.settings.notifyRetries),
    since: view.now,
  });
  const told = await assumeUnmanaged(
    view,
    tools,
    asked.decisions.map((decision) => withAmount(view, index, decision)),
  );
  for (const decision of told) gathered.decide(decision);
  gathered.take(asked.wait);
}

/** How much is asked of the project, and how much it has, for the next round to be measured by. */
function withAmount(view: SessionView, index: FleetIndex, decision: Decision): Decision {
  if (decision.kind !== 'open-notice') return decision;
  const servers = decision.instanceIds.flatMap((id) => index.server(id) ?? []);
  const { vcpus } = servers.map(({ resources }) => resources).reduce(addResources, NO_RESOURCES);
  const had = view.cloud.servers.filter(({ projectId }) => projectId === decision.projectId).length;
  return { ...decision, planned: { scaleIn: { instances: servers.length, vcpus, had } } };
}

/** Who has no room, before whoever waits for anything else. */
function shortage({ waits, stuck = '' }: FleetPlan): string {
  const short = waits.find(({ because }) => because === 'no-room') ?? waits[0];
  return short === undefined ? stuck : `Host ${short.host}: ${short.message}`;
}

/** Whether other hosts still get on, or will by themselves: a session is not given up before they are through. */
function goesOn(view: SessionView, { waits }: FleetPlan, gathered: Gathered): boolean {
  // What is held in another way has a time of its own.
  const isHeld = gathered.held.some(({ because }) => because === 'between-hosts' || because === 'not-empty');
  return (
    isHeld ||
    gathered.apart.length > 0 ||
    gathered.waits.length > 0 ||
    view.hosts.some(({ state }) => state === 'empty' || state === 'in_maintenance') ||
    // A move that outlasted all patience may never end.
    view.effects.some(({ state, kind }) => state === 'begun' && kind !== 'settle') ||
    view.notices.some(({ closedAt }) => closedAt === null) ||
    waits.some(({ because }) => because === 'recovery-time')
  );
}

/** Nobody can be asked any more. Only what other sessions hold may still come free. */
function noWayOn(view: SessionView, plan: FleetPlan, why: string, gathered: Gathered): void {
  if (goesOn(view, plan, gathered)) return;
  const { sessionId } = view.session;
  const others =
    view.impacts.some((impact) => impact.sessionId !== sessionId && impact.endedAt === null) ||
    view.placeholders.some((placeholder) => placeholder.sessionId !== sessionId);
  const until = deadline(view, 'room', view.settings.blockedTimeoutS);
  if (others && until > view.now) gathered.take({ wait: { for: 'room', message: why, until, poll: true } });
  else gathered.take(failing({ code: 'no-room', message: why }));
}
