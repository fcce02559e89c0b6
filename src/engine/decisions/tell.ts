import type { OpenNotice } from '../../workflow/decisions.js';
import { cannotHold, isHoldingRoom, movesItself, placeholderOf } from '../../workflow/holding.js';
import { NO_VALID_HOST } from '../../workflow/migrations.js';
import { NOT_PROVEN } from '../../workflow/room.js';
import { serverOf } from '../../workflow/server-index.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import type { NotYet } from './apply.js';
import { beginHold, waitForRoom } from './hold-room.js';
import { openNotice } from './notices.js';
import { refutation } from './prove.js';

/** Refusals of a target that may only have come of what Placement or Nova's scheduler did not know yet. */
const MAY_BE_LAG: ReadonlySet<string> = new Set([NOT_PROVEN, NO_VALID_HOST]);

/**
 * Tells a project. Where the plan has a target for the instance, that is proven by Placement first (L12), and held where
 * the policy says so: a no is recorded as a fact, so that the next plan avoids it, and nobody is told.
 * @returns why nobody is told yet: Placement is asked to hold the room
 */
export async function tell(
  session: SessionContext,
  view: SessionView,
  decision: OpenNotice,
): Promise<NotYet | undefined> {
  const { instanceId, planned, host } = decision;
  const target = planned?.target ?? null;
  const server = instanceId === null ? undefined : serverOf(view.cloud, instanceId);
  if (target === null || server === undefined) {
    await session.writer.commit((unit) => openNotice(session, unit, decision));
    return undefined;
  }
  const { id, resources } = server;
  const held = placeholderOf(view, id);
  if (held !== undefined) {
    if (held.state !== 'held' || held.host !== target) return waitForRoom(held);
    await session.writer.commit((unit) => openNotice(session, unit, decision));
    return undefined;
  }
  const { facts } = session.repositories;
  const wanted = { instanceId: id, resources, target };
  const refuted = await refutation(session, view, wanted);
  // What had been refused by lag would still stand against what Placement proves now.
  const lag = view.facts.filter(
    ({ instanceId, host, code }) => instanceId === id && host === target && MAY_BE_LAG.has(code),
  );
  const isHeld = isHoldingRoom(view) && !movesItself(view, server.projectId) && !cannotHold(view, id);
  const started = await session.writer.commit(async (unit) => {
    for (const fact of lag) await facts.withdraw(fact, unit.tx);
    if (isHeld && refuted === undefined && host !== null) return beginHold(session, unit, wanted, host);
    if (refuted === undefined) await openNotice(session, unit, decision);
    else {
      await facts.record(refuted, unit.tx);
      unit.tell('target-refuted', { instance: id, target, message: refuted.message });
    }
    return undefined;
  });
  if (started === undefined) return undefined;
  session.effects.start(started);
  return waitForRoom({ instanceId: id, host: target, state: 'asked' });
}
