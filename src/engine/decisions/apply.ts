import type { Decision } from '../../workflow/decisions.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginStart } from '../effects/start.js';
import { adoptPlan } from './adopt-plan.js';
import { letRoomGo } from './hold-room.js';
import { giveHostBack, joinHosts, setHostState, takeHost, verifyEmpty } from './hosts.js';
import { askAdmin, failMove, loseHost, moveOtherwise, overrulePlugin } from './losses.js';
import { moveInstance } from './move-instance.js';
import { closeNotice, extendNotice, loseRoom, repeatNotice } from './notices.js';
import { runPluginOn } from './run-plugin.js';
import { steerAway, stopSteering } from './steering.js';
import { tell } from './tell.js';

/** The world does not allow it yet: the session says so, and looks again a little later. */
export interface NotYet {
  readonly for: string;
  readonly message: string;
}

/** Carries one decision out. @returns why it can't be yet */
export async function apply(
  session: SessionContext,
  view: SessionView,
  decision: Decision,
): Promise<NotYet | undefined> {
  switch (decision.kind) {
    case 'join-hosts':
      await joinHosts(session, view, decision);
      return undefined;
    case 'open-notice':
      return tell(session, view, decision);
    case 'repeat-notice':
      await session.writer.commit((unit) => repeatNotice(session, unit, decision));
      return undefined;
    case 'close-notice':
      await session.writer.commit((unit) => closeNotice(session, unit, decision));
      return undefined;
    case 'adopt-plan':
      await adoptPlan(session, view, decision);
      return undefined;
    case 'take-host':
      await takeHost(session, view, decision);
      return undefined;
    case 'give-host-back':
      await giveHostBack(session, decision);
      return undefined;
    case 'steer-away':
      await steerAway(session, decision);
      return undefined;
    case 'stop-steering':
      await stopSteering(session, decision);
      return undefined;
    case 'verify-empty':
      return verifyEmpty(session, view, decision);
    case 'set-host-state':
      await setHostState(session, view, decision);
      return undefined;
    case 'run-plugin':
      await runPluginOn(session, view, decision);
      return undefined;
    case 'extend-notice':
      await session.writer.commit((unit) => extendNotice(session, unit, decision));
      return undefined;
    case 'lose-room':
      await session.writer.commit((unit) => loseRoom(session, unit, decision));
      return undefined;
    case 'let-room-go':
      await letRoomGo(session, decision);
      return undefined;
    case 'lose-host':
      await loseHost(session, view, decision);
      return undefined;
    case 'ask-admin':
      await askAdmin(session, decision);
      return undefined;
    case 'overrule-plugin':
      await overrulePlugin(session, decision);
      return undefined;
    case 'fail-move':
      await failMove(session, decision);
      return undefined;
    case 'move-otherwise':
      await moveOtherwise(session, view, decision);
      return undefined;
    case 'start-instance':
      session.effects.start(await session.writer.commit((unit) => beginStart(session, unit, decision.impact)));
      return undefined;
    case 'move-instance':
      return moveInstance(session, view, decision);
  }
}
