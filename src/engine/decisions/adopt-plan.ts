import type { Fact } from '../../model/index.js';
import type { PlannedMove } from '../../planner/host-plan.js';
import type { AdoptPlan } from '../../workflow/decisions.js';
import { hostsAhead, MOVES_AGAIN } from '../../workflow/hosts.js';
import { NO_VALID_HOST } from '../../workflow/migrations.js';
import { NOT_PROVEN } from '../../workflow/room.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { refutation } from './prove.js';

/** Proves every target by Placement before any project is told (L12); see {@link AdoptPlan}. */
export async function adoptPlan(session: SessionContext, view: SessionView, decision: AdoptPlan): Promise<void> {
  const { snapshot, plan } = decision;
  const refusals = (await Promise.all(plan.moves.map((move) => prove(session, view, snapshot, move)))).flat();
  await session.writer.commit(async (unit) => {
    // What had been refused by lag, as the plan takes it, would still stand against what Placement proves now.
    for (const { instanceId, target: host } of plan.moves) {
      for (const code of [NOT_PROVEN, NO_VALID_HOST]) {
        await session.repositories.facts.withdraw({ sessionId: session.sessionId, instanceId, host, code }, unit.tx);
      }
    }
    for (const fact of refusals) await session.repositories.facts.record(fact, unit.tx);
    if (refusals.length > 0) {
      unit.tell('plan-refuted', { host: plan.host, refusals: refusals.map(({ message }) => message) });
      return;
    }
    const { sessionId, repositories } = session;
    const seq = (await repositories.plans.count(sessionId, unit.tx)) + 1;
    await repositories.plans.insert(
      { sessionId, seq, at: unit.now, subject: plan.host, snapshot, result: plan },
      unit.tx,
    );
    const again = movedAgain(view, plan.moves);
    unit.tell('plan', { host: plan.host, moves: plan.moves, ...(again.length > 0 && { again, why: MOVES_AGAIN }) });
  });
}

/** Instances that go to a host which is still to be maintained: a second move, and the plan says so (L12). */
function movedAgain(view: SessionView, moves: readonly PlannedMove[]): string[] {
  const ahead = hostsAhead(view);
  return moves.filter(({ target }) => ahead.has(target)).map(({ instanceId }) => instanceId);
}

async function prove(
  session: SessionContext,
  view: SessionView,
  { instances }: AdoptPlan['snapshot'],
  { instanceId, target }: PlannedMove,
): Promise<Fact[]> {
  const resources = instances.find((candidate) => candidate.instanceId === instanceId)?.resources;
  if (resources === undefined) return [];
  const fact = await refutation(session, view, { instanceId, resources, target });
  return fact === undefined ? [] : [fact];
}
