import type { RequestContext } from '../../common/context.js';
import { Together } from '../../common/together.js';
import { isDatabaseTrouble, type Tx } from '../../db/database.js';
import type { OpenNotice } from '../../db/notice-repository.js';
import type { NewReply } from '../../db/reply-repository.js';
import type { Deferral, HistoryEntry } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { Refusal } from '../errors.js';
import type { ApiRequest } from '../request.js';
import type { ParsedReply } from '../schemas/reply.js';
import { areAddressees, type ReplyTo } from './addressees.js';
import { deferralAfter } from './deferral.js';
import { originOf } from './origin.js';
import { type Answers, answersOf, matching } from './reply-matching.js';

/** What a column of whole seconds holds; more than that is cut anyway. */
const MOST_SECONDS = 2 ** 31 - 1;

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
/** It is for nobody: there is no such session, or its project or instance has no part in it. */
const UNKNOWN = Symbol('unknown');
type Verdict = Taken | Refusal | typeof UNKNOWN;

/**
 * Stores replies under the lock of their session's row, those that come at the same time in one transaction: all managers
 * of a cloud answer at once. A group waits for no lock, so that no session's replies hold another's up. Once they are
 * committed engines are told of their sessions, in one message (L1).
 */
export class ReplyStore {
  private readonly together: Together<Incoming, Verdict | typeof ALONE>;

  constructor(private readonly deps: ApiDeps) {
    const pace = { ms: deps.settings.replyPaceMs, machine: deps.machineClock };
    this.together = new Together((all) => this.storeTogether(all), { parallel: 1, pace });
  }

  /** Undefined when it is for nobody. @throws Refusal 422 for an action that the notice does not allow */
  async take(incoming: Incoming): Promise<Taken | undefined> {
    // More time counts from what came before it, which a group has not written yet.
    const isOneOfMany = incoming.reply.kind !== 'DEFER';
    const grouped = isOneOfMany ? await this.together.of(incoming) : ALONE;
    const outcome = grouped === ALONE ? await this.storeAlone(incoming) : grouped;
    if (outcome instanceof Refusal) throw outcome;
    return outcome === UNKNOWN ? undefined : outcome;
  }

  private async storeTogether(all: readonly Incoming[]): Promise<(Verdict | typeof ALONE)[]> {
    const { sessions, database } = this.deps.repositories;
    const ids = [...new Set(all.map(({ to }) => to.sessionId))];
    try {
      const verdicts = await database.transaction(async (tx) => {
        const locked = new Set(await sessions.lockFree(ids, tx));
        const mine = all.filter(({ to }) => locked.has(to.sessionId));
        return mine.length === 0 ? new Map<Incoming, Verdict>() : this.store(mine, tx);
      });
      this.hint(verdicts);
      return all.map((incoming) => verdicts.get(incoming) ?? ALONE);
    } catch (error) {
      if (isDatabaseTrouble(error)) throw error;
      return all.map(() => ALONE);
    }
  }

  private async storeAlone(incoming: Incoming): Promise<Verdict> {
    const { sessions, database } = this.deps.repositories;
    const verdicts = await database.transaction(async (tx) => {
      await sessions.lock(incoming.to.sessionId, tx);
      return this.store([incoming], tx);
    });
    this.hint(verdicts);
    return verdicts.get(incoming) ?? UNKNOWN;
  }

  private hint(verdicts: ReadonlyMap<Incoming, Verdict>): void {
    const { engines } = this.deps;
    const contexts = new Map<string, RequestContext>();
    for (const [{ to, from }, verdict] of verdicts) {
      if (typeof verdict === 'object' && 'isStored' in verdict && verdict.isStored)
        contexts.set(to.sessionId, from.context);
    }
    const [first] = contexts;
    if (first === undefined) return;
    const sent = contexts.size === 1 ? engines.wake(...first) : engines.wakeAll([...contexts.keys()]);
    void sent.catch(() => {});
  }

  private async store(all: readonly Incoming[], tx: Tx): Promise<Map<Incoming, Verdict>> {
    const { notices, replies, history } = this.deps.repositories;
    const targets = all.map(({ to }) => to);
    const open = await notices.openOf(targets, tx);
    const strangers = await this.strangersAmong(targets, open, tx);
    const verdicts = new Map<Incoming, Verdict>();
    const written: Judged[] = [];
    for (const incoming of all) {
      const { to } = incoming;
      const asked = open.filter((notice) => isAsked(to, notice));
      const judged = strangers.has(to) ? UNKNOWN : await this.judge(incoming, asked, tx).catch(refusalOrThrow);
      if (isJudged(judged)) written.push(judged);
      verdicts.set(incoming, isJudged(judged) ? judged.taken : judged);
    }
    const rows = written.flatMap(({ row }) => row ?? []);
    if (rows.length > 0) await replies.insert(rows, tx);
    const lines = written.map(({ line }) => line);
    if (lines.length > 0) await history.append(lines, tx);
    return verdicts;
  }

  /** Who was asked has a part; of the others it is looked up. */
  private async strangersAmong(
    targets: readonly ReplyTo[],
    open: readonly OpenNotice[],
    tx: Tx,
  ): Promise<Set<ReplyTo>> {
    const unasked = targets.filter((to) => !open.some((notice) => isAsked(to, notice)));
    const known = await areAddressees(this.deps.repositories, unasked, tx);
    return new Set(unasked.filter((_, place) => !known[place]));
  }

  /** @param open the notices that ask for it; none in a deleted session. @throws Refusal 422 */
  private async judge({ to, reply, from }: Incoming, open: readonly OpenNotice[], tx: Tx): Promise<Judged> {
    const { clock } = this.deps;
    const awaiting = matching(open, reply);
    const [newest] = awaiting;
    const answers = answersOf(reply, awaiting);
    const deferral = newest && (await this.deferralBy(reply, newest, tx));
    const isStored = newest !== undefined && (reply.kind !== 'DEFER' || deferral !== undefined);
    const now = clock.now();
    const row = isStored ? rowOf({ to, reply, from }, newest, answers, now) : undefined;
    const line = lineOf({ to, reply, from }, isStored ? answers : undefined, now);
    return { taken: { isStored, ...(deferral !== undefined && { deferral }) }, row, line };
  }

  private async deferralBy({ deferSeconds }: ParsedReply, notice: OpenNotice, tx: Tx): Promise<Deferral | undefined> {
    if (deferSeconds === null) return undefined;
    const { repositories, settings } = this.deps;
    const unread = await repositories.replies.unhandled(notice.sessionId, tx);
    return deferralAfter(notice, unread, deferSeconds, settings.maxDeferS);
  }
}

function isAsked({ sessionId, projectId, instanceId }: ReplyTo, notice: OpenNotice): boolean {
  return notice.instanceId === instanceId && notice.projectId === projectId && notice.sessionId === sessionId;
}

function isJudged(judged: Judged | Refusal | typeof UNKNOWN): judged is Judged {
  return judged !== UNKNOWN && !(judged instanceof Refusal);
}

function refusalOrThrow(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  throw error;
}

function rowOf({ to, reply, from }: Incoming, { state }: OpenNotice, answers: Answers, now: Date): NewReply {
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
