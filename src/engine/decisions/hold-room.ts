import { randomUUID } from 'node:crypto';
import type { JournalEntry, Placeholder } from '../../model/index.js';
import type { LetRoomGo } from '../../workflow/decisions.js';
import { HOLD_ROOM, LET_ROOM_GO, ownPlaceholders } from '../../workflow/holding.js';
import { ENGINE_HOST } from '../../workflow/maintaining.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';
import type { RoomIntent } from '../effects/room.js';
import type { Unit } from '../session-writer.js';
import type { NotYet } from './apply.js';
import type { WantedMove } from './prove.js';

/** The word of a wait for Placement to hold room, or to let it go. */
const WAIT = 'held-room';

/**
 * Writes down that Placement is to hold the target's room for an instance. @param from the host that it is to leave
 * @returns the effect, to be started after the transaction
 */
export async function beginHold(
  session: SessionContext,
  unit: Unit,
  { instanceId, resources, target }: WantedMove,
  from: string,
): Promise<JournalEntry> {
  const { sessionId, repositories } = session;
  const { vcpus, memoryMb, diskGb } = resources;
  const about = { sessionId, instanceId, consumer: randomUUID(), host: target, vcpus, memoryMb, diskGb };
  await repositories.placeholders.insert({ ...about, state: 'asked', since: unit.now }, unit.tx);
  return begin(session, unit, about, HOLD_ROOM, from);
}

/** Carries {@link LetRoomGo} out. Whatever its instance's host is at, it stands under the engine's own name, to be seen by handlers. */
export async function letRoomGo(session: SessionContext, { placeholder }: LetRoomGo): Promise<void> {
  const started = await session.writer.commit(async (unit) => {
    await session.repositories.placeholders.become(placeholder.consumer, 'leaving', unit.tx);
    return begin(session, unit, placeholder, LET_ROOM_GO, ENGINE_HOST);
  });
  session.effects.start(started);
}

function begin(
  session: SessionContext,
  unit: Unit,
  { instanceId, consumer, host, vcpus, memoryMb, diskGb }: Omit<Placeholder, 'state' | 'since'>,
  action: string,
  at: string,
): Promise<JournalEntry> {
  const intent: RoomIntent = { consumer, target: host, resources: { vcpus, memoryMb, diskGb } };
  return beginEffect(session, unit, { kind: 'room', subject: instanceId, host: at, action, intent: { ...intent } });
}

/** While Placement is asked about the room of an instance, nothing else is decided about its place. */
export function waitForRoom({ instanceId, host, state }: Pick<Placeholder, 'instanceId' | 'host' | 'state'>): NotYet {
  const what = state === 'leaving' ? 'let the room go that it holds' : 'hold room';
  return { for: WAIT, message: `Placement is asked to ${what} for instance ${instanceId} on ${host}.` };
}

/**
 * A target that Placement refuses, where room is held for others of the session, is not full in truth: a plan may have to
 * give to one what was promised to another (the last host that can become empty, say). What was promised last is let go.
 * @returns why the move may not begin yet; undefined where nothing of that kind is in the way
 */
export async function makeWay(
  session: SessionContext,
  view: SessionView,
  { instanceId, target }: WantedMove,
): Promise<NotYet | undefined> {
  const others = ownPlaceholders(view).filter((one) => one.host === target && one.instanceId !== instanceId);
  const changing = others.find(({ state }) => state !== 'held');
  if (changing !== undefined) return waitForRoom(changing);
  const last = others.at(-1);
  if (last === undefined) return undefined;
  await letRoomGo(session, { kind: 'let-room-go', placeholder: last });
  return waitForRoom({ ...last, state: 'leaving' });
}
