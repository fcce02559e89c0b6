import { FenixError } from '../../common/errors.js';
import type { JournalEntry, Resources } from '../../model/index.js';
import { NO_ROOM_TO_HOLD } from '../../workflow/cloud-port.js';
import type { JournaledWrite } from '../../workflow/contract.js';
import { LET_ROOM_GO } from '../../workflow/holding.js';
import { NOT_PROVEN } from '../../workflow/room.js';
import type { SessionContext } from '../context.js';

/** What the journal entry of a placeholder keeps. */
export interface RoomIntent {
  readonly consumer: string;
  /** The host on which room is held. */
  readonly target: string;
  readonly resources: Resources;
}

/** Has Placement hold the room of a planned move, or let it go. */
export function runRoom(session: SessionContext, entry: JournalEntry): Promise<void> {
  return entry.action === LET_ROOM_GO ? letGo(session, entry) : hold(session, entry);
}

async function hold(session: SessionContext, entry: JournalEntry): Promise<void> {
  const { cloud, journal, writer, repositories } = session;
  const { about, consumer, target, resources } = partsOf(entry);
  const refusal = await refusalOf(() =>
    journal.once(stepOf(entry), {
      run: () => cloud.holdRoom({ consumer, host: target, resources }),
      probe: () => cloud.holdsRoom(consumer),
      conflictPasses: true,
    }),
  );
  if (refusal !== undefined) return recordRefusal(session, entry, refusal);
  await writer.commit(async (unit) => {
    await repositories.journal.end(entry, 'done', {}, unit.tx);
    await repositories.placeholders.become(consumer, 'held', unit.tx);
    unit.tell('room-held', about);
  });
}

/** Want of room is a fact about the target, which is planned around; whatever else it is, the move goes without. */
async function recordRefusal(session: SessionContext, entry: JournalEntry, refusal: FenixError): Promise<void> {
  const { repositories, writer, log, sessionId } = session;
  const { about, consumer, target } = partsOf(entry);
  const { code, message } = refusal;
  const isFull = code === NO_ROOM_TO_HOLD;
  await writer.commit(async (unit) => {
    await repositories.journal.end(entry, isFull ? 'refused' : 'failed', { code, message }, unit.tx);
    await repositories.placeholders.remove(consumer, unit.tx);
    if (!isFull) return unit.tell('room-not-held', { ...about, code, message });
    const fact = { sessionId, instanceId: entry.subject, host: target, code: NOT_PROVEN, message, at: unit.now };
    await repositories.facts.record(fact, unit.tx);
    unit.tell('target-refuted', { instance: entry.subject, target, message });
  });
  if (!isFull) log.warn({ ...about, code, reason: message }, 'Placement does not hold room, going on without');
}

async function letGo(session: SessionContext, entry: JournalEntry): Promise<void> {
  const { journal, writer, repositories, log } = session;
  const { about, consumer } = partsOf(entry);
  const refusal = await refusalOf(() => journal.once(stepOf(entry), letGoWrite(session, consumer)));
  await writer.commit(async (unit) => {
    if (refusal === undefined) {
      await repositories.journal.end(entry, 'done', {}, unit.tx);
      await repositories.placeholders.remove(consumer, unit.tx);
      return unit.tell('room-let-go', about);
    }
    const { code, message } = refusal;
    await repositories.journal.end(entry, 'failed', { code, message }, unit.tx);
    await repositories.placeholders.become(consumer, 'held', unit.tx);
    unit.tell('room-not-let-go', { ...about, code, message });
  });
  if (refusal !== undefined) log.error({ ...about, reason: refusal.message }, 'Placement does not let room go');
}

/**
 * The step of a move right before it is asked for. Where Placement refuses to let the room go the move is tried all the
 * same, and the room is let go when it has ended.
 */
export async function letRoomGoFor(session: SessionContext, move: JournalEntry, consumer: string): Promise<void> {
  const { journal, writer, repositories, log } = session;
  const { sessionId, subject: instanceId, attempt, intent } = move;
  const key = { sessionId, subject: instanceId, action: `${intent.action}/${LET_ROOM_GO}`, attempt };
  const refusal = await refusalOf(() => journal.once(key, letGoWrite(session, consumer)));
  const about = { instance: instanceId, consumer };
  if (refusal !== undefined) {
    log.error({ ...about, reason: refusal.message }, 'Placement does not let room go');
    return;
  }
  await writer.commit((unit) => repositories.placeholders.remove(consumer, unit.tx));
}

function letGoWrite({ cloud }: SessionContext, consumer: string): JournaledWrite {
  return {
    run: () => cloud.letRoomGo(consumer),
    probe: async () => !(await cloud.holdsRoom(consumer)),
    conflictPasses: true,
  };
}

/** What the cloud refused for good. */
async function refusalOf(write: () => Promise<void>): Promise<FenixError | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    if (error instanceof FenixError && error.code !== 'lease-lost') return error;
    throw error;
  }
}

function partsOf({ subject: instance, intent }: JournalEntry) {
  const { consumer, target, resources } = intent as unknown as RoomIntent;
  return { about: { instance, host: target, consumer }, consumer, target, resources };
}

function stepOf({ sessionId, subject, action, attempt }: JournalEntry) {
  return { sessionId, subject, action: `${action}/request`, attempt };
}
