import type { Decision } from '../../workflow/decisions.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { adoptPlan } from './adopt-plan.js';
import { giveHostBack, joinHosts, setHostState, takeHost, verifyEmpty } from './hosts.js';
import { moveInstance } from './move-instance.js';
import { closeNotice, openNotice, repeatNotice } from './notices.js';
import { runPluginOn } from './run-plugin.js';

/**
 * Carries one decision out.
 * @returns false when the world does not allow it yet: the session looks again a little later
 */
export async function apply(session: SessionContext, view: SessionView, decision: Decision): Promise<boolean> {
  switch (decision.kind) {
    case 'join-hosts':
      await joinHosts(session, view, decision);
      return true;
    case 'open-notice':
      await session.writer.commit((unit) => openNotice(session, unit, decision));
      return true;
    case 'repeat-notice':
      await session.writer.commit((unit) => repeatNotice(session, unit, decision));
      return true;
    case 'close-notice':
      await session.writer.commit((unit) => closeNotice(session, unit, decision));
      return true;
    case 'adopt-plan':
      await adoptPlan(session, view, decision);
      return true;
    case 'take-host':
      await takeHost(session, view, decision);
      return true;
    case 'give-host-back':
      await giveHostBack(session, decision);
      return true;
    case 'verify-empty':
      return verifyEmpty(session, view, decision);
    case 'set-host-state':
      await setHostState(session, view, decision);
      return true;
    case 'run-plugin':
      await runPluginOn(session, view, decision);
      return true;
    case 'move-instance': {
      const refusal = await moveInstance(session, view, decision);
      if (refusal === undefined) return true;
      session.log.info({ instance: decision.instanceId, ...refusal }, 'move was not admitted');
      return false;
    }
  }
}
