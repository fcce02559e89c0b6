import { isThrough, type SessionHost } from '../../model/index.js';
import type { FleetPlan, FleetReason } from '../../planner/fleet.js';
import { waitForQuorum } from '../controllers.js';
import type { Step } from '../decisions.js';
import { isOwedBack } from '../giving-back.js';
import { hostsAhead } from '../hosts.js';
import { ENGINE_HOST } from '../maintaining.js';
import { assumeUnmanaged } from '../managers.js';
import { worthAsking } from '../room.js';
import { isBeingSteered } from '../steering.js';
import { beyondBudget } from '../trouble.js';
import type { SessionView, WorkflowTools } from '../view.js';
import { deadline } from '../waits.js';
import { followNotices } from './answers.js';
import { derivedState } from './derived-state.js';
import { Gathered } from './gathered.js';
import { staleRoom, unchosenRoom } from './held-room.js';
import { workOnHosts } from './hosts-at-work.js';
import { FleetIndex } from './index-of-view.js';
import { cameBack, type Leaving, leavingFrom } from './leaving.js';
import { PlanSteps } from './plan-steps.js';
import { askToScaleIn } from './scaling-in.js';
import { fleetSnapshot, type SnapshotParts } from './snapshot.js';
import { waitForAll } from './waiting.js';

/** Asking Placement again is worth while only after it could have learned something. */
const PLACEMENT_PAUSE_S = 3;

/** Why a plan has no host for an instance. */
const NO_PLACE: ReadonlySet<FleetReason> = new Set(['refused-everywhere', 'no-room', 'anti-affinity']);

/**
 * The next step of a session whose hosts don't wait for each other (design §5): each is emptied, maintained and given back
 * as a plan of all of them together allows, and the session's state only says what is going on.
 */
export async function rollOn(view: SessionView, tools: WorkflowTools): Promise<Step> {
  const beyond = beyondBudget(view);
  if (beyond !== undefined) return beyond;
  const index = new FleetIndex(view);
  const state = derivedState(view, index);
  if (state.to !== view.session.state) return state;
  const ahead = view.hosts.filter((host) => host.isCompute && (host.state === 'waiting' || host.state === 'emptying'));
  const leaving = new Map(ahead.map((host) => [host.hostname, leavingFrom(view, index, host)]));
  const gathered = new Gathered(view);
  followNotices(view, index, gathered);
  const held = workOnHosts(view, leaving, gathered);
  if (gathered.ending !== undefined) return gathered.ending;
  const quorum = waitForQuorum(view);
  if (quorum !== undefined && gathered.apart.length === 0 && holdsAll(view)) return quorum;
  const stale = staleRoom(view, leaving);
  for (const decision of stale) gathered.decide(decision);
  if (stale.length === 0 && isOver(view))
    return { to: 'MAINTENANCE_COMPLETE', why: 'All hosts are through.', derived: true };
  const isAsked = view.notices.some(
    ({ state: about, outcome }) =>
      about === 'SCALE_IN' && (outcome === null || outcome === 'nack' || outcome === 'silent'),
  );
  // Room that comes by itself is not to be asked for.
  const isComing = view.hosts.some((host) => isOwedBack(host) || isBeingSteered(view, host));
  const parts = { index, leaving, durations: await tools.durations(), held, mayScaleIn: !isAsked && !isComing };
  const plan = await planWith(view, tools, parts, gathered);
  const steps = new PlanSteps(view, leaving, held);
  steps.begin(plan, gathered);
  for (const decision of unchosenRoom(view, leaving, plan)) gathered.decide(decision);
  const notices = await assumeUnmanaged(view, tools, steps.notices(plan));
  for (const notice of notices) gathered.decide(notice);
  steps.lostRoom(plan, gathered);
  steps.waits(plan, gathered);
  const hasFailed = failReturned(plan, leaving, gathered);
  if (!isAsked && !isComing && !hasFailed) await askToScaleIn(view, tools, index, plan, gathered);
  if (gathered.ending !== undefined) return gathered.ending;
  if (gathered.apart.length > 0) return { apart: gathered.apart, held: gathered.held };
  return waitForAll(view, gathered);
}

/** Moves that came back from every host that was to be had; it is not for want of room. @returns whether there are any */
function failReturned(
  { waits }: FleetPlan,
  leaving: ReadonlyMap<string, readonly Leaving[]>,
  gathered: Gathered,
): boolean {
  const placeless = new Set(waits.filter(({ because }) => NO_PLACE.has(because)).map(({ instanceId }) => instanceId));
  const all = [...leaving.values()].flat().filter(({ server }) => placeless.has(server.id));
  const entries = all.flatMap((one) => cameBack(one) ?? []);
  for (const entry of entries) gathered.decide({ kind: 'fail-move', entry });
  return entries.length > 0;
}

/** Computes wait for controllers that are nothing else (v1 §5.1), or there is nothing but controllers left. */
function holdsAll({ hosts }: SessionView): boolean {
  const ahead = hosts.filter(({ state }) => !isThrough(state));
  const isPlain = ({ type, isCompute }: SessionHost): boolean => type === 'controller' && !isCompute;
  return ahead.some(isPlain) || ahead.every(({ type }) => type === 'controller');
}

/** Every host is through, and nothing is owed or under way any more. */
function isOver(view: SessionView): boolean {
  // What runs on the engine is about no host of the session: hosts that are on their way into the cloud.
  const isBusy = view.effects.some(
    ({ kind, state, host }) => state === 'begun' && kind !== 'settle' && host !== ENGINE_HOST,
  );
  return !isBusy && view.hosts.every((host) => isThrough(host.state) && !isOwedBack(host));
}

/**
 * A plan around every refusal that stands. Where that one is at its wits' end, or moves instances twice (L12), and refusals
 * may be lag of Placement or of Nova's scheduler, nobody is asked for room, and nobody moved twice, before those that may
 * be lag were asked again.
 */
async function planWith(
  view: SessionView,
  tools: WorkflowTools,
  parts: SnapshotParts,
  gathered: Gathered,
): Promise<FleetPlan> {
  const plan = await tools.planFleet(fleetSnapshot(view, parts, false));
  const isStuck = plan.stuck !== undefined || plan.scaleIn.length > 0;
  const again = movedAgain(view, plan);
  if (view.facts.length === 0 || (hasWork(plan) && !isStuck && again.size === 0)) return plan;
  const patient = await tools.planFleet(fleetSnapshot(view, parts, true));
  if (!hasWork(patient) || patient.scaleIn.length > 0) return plan;
  if (hasWork(plan) && !isStuck && movedAgain(view, patient).size >= again.size) return plan;
  const moves = patient.ask.flatMap(({ instanceId, target }) => (target === null ? [] : [{ instanceId, target }]));
  const scheduler = worthAsking(view, moves);
  const pause = deadline(view, 'placement', PLACEMENT_PAUSE_S);
  const until = pause > scheduler ? pause : scheduler;
  if (until <= view.now) return patient;
  const message =
    scheduler > view.now
      ? "Nova's scheduler refused targets; it may not know yet who left them."
      : 'Placement does not show all targets as fit and enabled yet.';
  gathered.take({ wait: { for: 'placement', message, until } });
  const { stuck: _, ...rest } = plan;
  const isOnce = ({ instanceId }: { readonly instanceId: string }): boolean => !again.has(instanceId);
  return { ...rest, ask: plan.ask.filter(isOnce), move: plan.move.filter(isOnce), scaleIn: [] };
}

/** Instances that would have to move once more. */
function movedAgain(view: SessionView, { ask, move }: FleetPlan): Set<string> {
  const ahead = hostsAhead(view);
  const sent = [...ask, ...move].filter(({ target }) => target !== null && ahead.has(target));
  return new Set(sent.map(({ instanceId }) => instanceId));
}

function hasWork({ empty, ask, move, maintain }: FleetPlan): boolean {
  return empty.length + ask.length + move.length + maintain.length > 0;
}
