import type { JournalEntry, Placeholder } from '../model/index.js';
import { isTooSoon } from './trying-again.js';
import type { SessionView } from './view.js';

/** The journal's words for both things that are done about room in Placement. */
export const HOLD_ROOM = 'hold-room';
export const LET_ROOM_GO = 'let-room-go';

/** Whether the session's policy, or the cloud's, wants the room of planned moves held in Placement. */
export function isHoldingRoom({ session, settings }: SessionView): boolean {
  return (session.policy.hold_room ?? settings.policy.hold_room) === 'placeholders';
}

/** What the session has Placement hold. */
export function ownPlaceholders({ placeholders, session }: Pick<SessionView, 'placeholders' | 'session'>) {
  return placeholders.filter(({ sessionId }) => sessionId === session.sessionId);
}

/** Of an instance that the session is to move. */
export function placeholderOf(view: SessionView, instanceId: string): Placeholder | undefined {
  return ownPlaceholders(view).find((placeholder) => placeholder.instanceId === instanceId);
}

/**
 * Whether the project chose last to move its instances itself: a replacement that it boots as soon as it is told needs the
 * room that would be held from it. (Whose record says so is given no place by the plan.)
 */
export function movesItself({ notices }: SessionView, projectId: string): boolean {
  const last = notices.findLast(
    (notice) => notice.projectId === projectId && notice.instanceId !== null && notice.outcome === 'ack',
  );
  return last !== undefined && Object.values(last.actions).includes('OWN_ACTION');
}

/** Placement does not hold room for us, for a reason that no other target would mend: it goes without. */
export function cannotHold({ effects }: SessionView, instanceId: string): boolean {
  const last = effects.findLast(
    ({ kind, subject, action }) => kind === 'room' && subject === instanceId && action === HOLD_ROOM,
  );
  return last?.state === 'failed';
}

/** Placement refused to let it go a short while ago: it is asked less and less often. */
export function isTooSoonToLetGo(effects: readonly JournalEntry[], { instanceId, consumer }: Placeholder): boolean {
  const tries = effects.filter(
    ({ subject, action, intent }) => subject === instanceId && action === LET_ROOM_GO && intent.consumer === consumer,
  );
  return isTooSoon(tries);
}
