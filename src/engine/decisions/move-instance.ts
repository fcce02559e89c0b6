import { FenixError } from '../../common/errors.js';
import type { RuleRefusal } from '../../planner/rules.js';
import type { MoveInstance } from '../../workflow/decisions.js';
import { groupOf } from '../../workflow/groups.js';
import { placeholderOf } from '../../workflow/holding.js';
import { hostsAhead, MOVES_AGAIN } from '../../workflow/hosts.js';
import { serverOf } from '../../workflow/server-index.js';
import type { SessionView } from '../../workflow/view.js';
import { admit } from '../admission.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import type { MoveIntent } from '../effects/move.js';
import type { Unit } from '../session-writer.js';
import type { NotYet } from './apply.js';
import { makeWay, waitForRoom } from './hold-room.js';
import { refutation } from './prove.js';

class Refused extends Error {
  constructor(readonly refusal: RuleRefusal) {
    super(refusal.message);
  }
}

/**
 * Admission, intent and start of one move. A refusal leaves nothing behind but the fact that a target has no room.
 * @returns why it may not begin now; undefined when it has begun
 */
export async function moveInstance(
  session: SessionContext,
  view: SessionView,
  decision: MoveInstance,
): Promise<NotYet | undefined> {
  const { instanceId, action, target, interruptionS } = decision;
  const server = serverOf(view.cloud, instanceId);
  if (server === undefined || server.host === null) {
    return { for: 'already-moving', message: `Instance ${instanceId} is not on a host any more.` };
  }
  const group = groupOf(view, server);
  const { projectId, resources, host: sourceHost } = server;
  const { needsTarget } = session.plugins.instanceAction(action);
  if (needsTarget && target === null) {
    throw new FenixError('terminal', 'no-target', `${action} of instance ${instanceId} was decided without a target.`);
  }
  const targetHost = needsTarget ? target : null;
  const held = placeholderOf(view, instanceId);
  if (held !== undefined && held.state !== 'held') return waitForRoom(held);
  // What was proven before its project was told may have been taken by others since (L8); then it is planned again.
  const fact =
    targetHost !== null && targetHost !== held?.host
      ? await refutation(session, view, { instanceId, resources, target: targetHost })
      : undefined;
  if (fact !== undefined) {
    const inTheWay = await makeWay(session, view, { instanceId, resources, target: fact.host });
    if (inTheWay !== undefined) return inTheWay;
    await session.writer.commit((unit) => session.repositories.facts.record(fact, unit.tx));
    return { for: 'no-room', message: `${fact.message}, so instance ${instanceId} cannot go there now.` };
  }
  try {
    const entry = await session.writer.commit(async (unit) => {
      const intent: MoveIntent = {
        action,
        from: sourceHost,
        target: targetHost,
        statusBefore: server.status,
        projectId,
        recoveryTimeS: group.recoveryTimeS,
        begunAt: unit.now.toISOString(),
        ...(interruptionS !== undefined && { interruptionS }),
        ...(held !== undefined && { heldBy: held.consumer }),
        ...(targetHost !== null && hostsAhead(view).has(targetHost) && { again: MOVES_AGAIN }),
      };
      const effect = {
        kind: 'move' as const,
        subject: instanceId,
        host: sourceHost,
        action: 'move',
        intent: { ...intent },
      };
      const begun = await beginEffect(session, unit, effect);
      const { attempt } = begun;
      // Evacuated out of a move that its dead host keeps from ending, it is impacted by that one no more.
      if (action === 'EVACUATE') await endOvertaken(session, unit, instanceId);
      const place = { instanceId, attempt, projectId, group, action, sourceHost, targetHost, resources };
      const refusal = await admit(unit, session.repositories, view.cloud, place);
      if (refusal !== undefined) throw new Refused(refusal);
      await session.repositories.instances.update(
        session.sessionId,
        instanceId,
        { action, actionDone: false },
        unit.tx,
      );
      return begun;
    });
    session.effects.start(entry);
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return { for: error.refusal.because, message: error.refusal.message };
    throw error;
  }
}

async function endOvertaken({ repositories, sessionId }: SessionContext, unit: Unit, instanceId: string) {
  for (const impact of await repositories.impacts.open(unit.tx)) {
    if (impact.sessionId !== sessionId || impact.instanceId !== instanceId) continue;
    await repositories.impacts.end(impact, unit.now, unit.now, unit.tx);
  }
}
