import type { OpenNotice } from '../../workflow/decisions.js';
import { NO_VALID_HOST } from '../../workflow/migrations.js';
import { NOT_PROVEN } from '../../workflow/room.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { openNotice } from './notices.js';
import { refutation } from './prove.js';

/** Refusals of a target that may only have come of what Placement or Nova's scheduler did not know yet. */
const MAY_BE_LAG: ReadonlySet<string> = new Set([NOT_PROVEN, NO_VALID_HOST]);

/**
 * Tells a project. Where the plan has a target for the instance, that is proven by Placement first (L12): a no is recorded
 * as a fact, so that the next plan avoids it, and nobody is told.
 */
export async function tell(session: SessionContext, view: SessionView, decision: OpenNotice): Promise<void> {
  const { instanceId, planned } = decision;
  const target = planned?.target ?? null;
  const server = view.cloud.servers.find(({ id }) => id === instanceId);
  if (target === null || server === undefined) {
    await session.writer.commit((unit) => openNotice(session, unit, decision));
    return;
  }
  const { id, resources } = server;
  const { facts } = session.repositories;
  const refuted = await refutation(session, view, { instanceId: id, resources, target });
  // What had been refused by lag would still stand against what Placement proves now.
  const lag = view.facts.filter(
    ({ instanceId, host, code }) => instanceId === id && host === target && MAY_BE_LAG.has(code),
  );
  await session.writer.commit(async (unit) => {
    for (const fact of lag) await facts.withdraw(fact, unit.tx);
    if (refuted === undefined) return openNotice(session, unit, decision);
    await facts.record(refuted, unit.tx);
    unit.tell('target-refuted', { instance: id, target, message: refuted.message });
  });
}
