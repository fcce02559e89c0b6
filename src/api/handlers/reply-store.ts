import { Together } from '../../common/together.js';
import { isDatabaseTrouble, type Tx } from '../../db/database.js';
import type { NewReply } from '../../db/reply-repository.js';
import type { Deferral, HistoryEntry, Notice } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import type { ApiRequest } from '../request.js';
import type { ParsedReply } from '../schemas/reply.js';
import { deferralAfter } from './deferral.js';
import { originOf } from './origin.js';
import { nameOf } from './part-view.js';
import { type Answers, answersOf, matching } from './reply-matching.js';

/** What a column of whole seconds holds; more than that is cut anyway. */
const MOST_SECONDS = 2 ** 31 - 1;

/** Whose answer it is and by which URL it came. */
export interface ReplyTo {
  readonly sessionId: string;
  readonly projectId: string;
  /** Null on the project's URL. */
  readonly instanceId: string | null;
}

export interface Incoming {
  readonly to: ReplyTo;
  readonly reply: ParsedReply;
  readonly from: Pick<ApiRequest, 'caller' | 'context'>;
}

/** The reply as it is stored. */
export interface Taken {
  /** False when nothing awaits it: then it only stands in the history. */
  readonly isStored: boolean;
  /** Set when it asked for more time, and that counts. */
  readonly deferral?: Deferral;
}

/** What a transaction writes for one reply. */
interface Judged {
  readonly taken: Taken;
  readonly row: NewReply | undefined;
  readonly line: HistoryEntry;
}

/** Somebody else has the session's row now, or one of the group cannot be stored: each on its own, then. */
const ALONE = Symbol('alone');
type Outcome = Taken | Refusal | typeof ALONE;

/**
 * Stores replies under the lock of their session's row, those that come at the same time in one transaction: all managers
 * of a cloud answer at once. A group waits for no lock, so that no session's replies hold another's up.
 */
export class ReplyStore {
  private readonly together: Together<Incoming, Outcome>;

  constructor(private readonly deps: ApiDeps) {
    const pace = { ms: deps.settings.replyPaceMs, machine: deps.machineClock };
    this.together = new Together((all) => this.storeTogether(all), { parallel: 1, pace });
  }

  /** @throws Refusal 422 for an action that the notice does not allow */
  async take(incoming: Incoming): Promise<Taken> {
    // More time counts from what came before it, which a group has not written yet.
    const isOneOfMany = incoming.reply.kind !== 'DEFER';
    const grouped = isOneOfMany ? await this.together.of(incoming) : ALONE;
    const outcome = grouped === ALONE ? await this.storeAlone(incoming) : grouped;
    if (outcome instanceof Refusal) throw outcome;
    return outcome;
  }

  private async storeTogether(all: readonly Incoming[]): Promise<Outcome[]> {
    const { sessions, database } = this.deps.repositories;
    const ids = [...new Set(all.map(({ to }) => to.sessionId))];
    try {
      return await database.transaction(async (tx) => {
        const locked = new Set(await sessions.lockFree(ids, tx));
        const mine = all.filter(({ to }) => locked.has(to.sessionId));
        const outcomes = await this.store(mine, tx);
        return all.map((incoming) => outcomes[mine.indexOf(incoming)] ?? ALONE);
      });
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error;
      return all.map(() => ALONE);
    }
  }

  private async storeAlone(incoming: Incoming): Promise<Taken | Refusal> {
    const { sessions, database } = this.deps.repositories;
    const outcomes = await database.transaction(async (tx) => {
      await sessions.lock(incoming.to.sessionId, tx);
      return this.store([incoming], tx);
    });
    return outcomes[0] as Taken | Refusal;
  }

  private async store(all: readonly Incoming[], tx: Tx): Promise<(Taken | Refusal)[]> {
    const { notices, commands, replies, history } = this.deps.repositories;
    const deleted = new Set(
      await commands.deletedOf(
        all.map(({ to }) => to.sessionId),
        tx,
      ),
    );
    const alive = all.map(({ to }) => to).filter(({ sessionId }) => !deleted.has(sessionId));
    const open = await notices.openOf(alive, tx);
    const judged: (Judged | Refusal)[] = [];
    for (const incoming of all) {
      const name = nameOf(incoming.to);
      const awaiting = open.filter((notice) => nameOf(notice) === name);
      judged.push(await this.judge(incoming, awaiting, tx).catch(refusalOrThrow));
    }
    const written = judged.filter((one): one is Judged => !(one instanceof Refusal));
    const rows = written.flatMap(({ row }) => row ?? []);
    if (rows.length > 0) await replies.insert(rows, tx);
    if (written.length > 0)
      await history.append(
        written.map(({ line }) => line),
        tx,
      );
    return judged.map((one) => (one instanceof Refusal ? one : one.taken));
  }

  /** @param open the project's notices that await an answer; none in a deleted session. @throws Refusal 422 */
  private async judge({ to, reply, from }: Incoming, open: readonly Notice[], tx: Tx): Promise<Judged> {
    const { clock } = this.deps;
    const awaiting = matching(open, to.instanceId, reply);
    const [newest] = awaiting;
    const answers = answersOf(reply, awaiting);
    const deferral = newest && (await this.deferralBy(reply, newest, tx));
    const isStored = newest !== undefined && (reply.kind !== 'DEFER' || deferral !== undefined);
    const now = clock.now();
    const row = isStored ? rowOf({ to, reply, from }, newest, answers, now) : undefined;
    const line = lineOf({ to, reply, from }, isStored ? answers : undefined, now);
    return { taken: { isStored, ...(deferral !== undefined && { deferral }) }, row, line };
  }

  private async deferralBy({ deferSeconds }: ParsedReply, notice: Notice, tx: Tx): Promise<Deferral | undefined> {
    if (deferSeconds === null) return undefined;
    const { repositories, settings } = this.deps;
    const unread = await repositories.replies.unhandled(notice.sessionId, tx);
    return deferralAfter(notice, unread, deferSeconds, settings.maxDeferS);
  }
}

function refusalOrThrow(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

function rowOf({ to, reply, from }: Incoming, { state }: Notice, answers: Answers, now: Date): NewReply {
  const deferSeconds = reply.deferSeconds && Math.min(reply.deferSeconds, MOST_SECONDS);
  const { userId } = from.caller;
  const { requestId } = from.context;
  return { ...to, state: `${reply.kind}_${state}`, deferSeconds, ...answers, userId, requestId, receivedAt: now };
}

/** @param answers of a reply that counts */
function lineOf({ to, reply, from }: Incoming, answers: Answers | undefined, at: Date): HistoryEntry {
  const { sessionId, projectId, instanceId } = to;
  const details = {
    state: wordOf(reply),
    project_id: projectId,
    ...(instanceId !== null && { instance_id: instanceId }),
    ...(answers && { instance_actions: answers.instanceActions, instance_action: answers.instanceAction }),
    ...(reply.deferSeconds !== null && { defer_seconds: reply.deferSeconds }),
    ...originOf(from.context),
  };
  const what = answers === undefined ? 'reply-ignored' : 'reply-received';
  return { sessionId, seq: null, at, who: from.caller.userId, what, details };
}

/** As it came, e.g. `ACK_MAINTENANCE`. */
export function wordOf({ kind, state }: ParsedReply): string {
  return state === null ? kind : `${kind}_${state}`;
}
