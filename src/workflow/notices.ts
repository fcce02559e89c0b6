import { plusSeconds } from '../common/clock.js';
import type { InstanceAction, Notice, NoticeState, Reason } from '../model/index.js';
import type { CloseNotice, Decision, OpenNotice, RepeatNotice, WaitFor } from './decisions.js';
import type { SessionView } from './view.js';

/*
 * The protocol of asking projects (v1 §2.3, §2.4), for handlers of any workflow: open a notice, repeat it to the
 * silent, take the answers.
 */

/** A doubled reply must not answer the next round (v1 §2.3). */
const REST_BETWEEN_ROUNDS_S = 2;
/** Less than this and nobody could answer in time (v1 §2.4, clamping). */
const SHORTEST_WINDOW_S = 10;

export interface Window {
  readonly replyAt: Date;
  readonly actionsAt: Date;
}

export interface Question {
  readonly state: NoticeState;
  /** Whom it is asked about what: instance ids by project. */
  readonly instances: ReadonlyMap<string, readonly string[]>;
  /** The host that is to be emptied, where it is about one. */
  readonly host: string | null;
  readonly allowedActions: readonly InstanceAction[];
  /** For a new notice or a repeat, seen from now. */
  window(repeated: boolean): Window;
  /** How often the silent are asked again. */
  readonly repeats: number;
  /** Only notices opened since then count: a question that is asked in rounds. */
  readonly since?: Date;
}

/** How far a question has come. */
export interface Asked {
  /** To be carried out before anything else. */
  readonly decisions: readonly Decision[];
  /** Acknowledged notices, by project. */
  readonly acked: readonly Notice[];
  /** Set while somebody's answer is awaited and nothing is to be done about it now. */
  readonly wait?: WaitFor;
  readonly refused: readonly Notice[];
  readonly silent: readonly Notice[];
}

/** What is to be done about the question now. Decides from the notices alone, so it can be asked at any time. */
export function ask(view: SessionView, question: Question): Asked {
  const decisions: Decision[] = [];
  const acked: Notice[] = [];
  const open: Notice[] = [];
  const refused: Notice[] = [];
  const silent: Notice[] = [];
  let restUntil: Date | undefined;
  for (const [projectId, instanceIds] of question.instances) {
    const notices = noticesOf(view, question, projectId);
    for (const notice of notices) {
      if (notice.outcome === 'ack') acked.push(notice);
      else if (notice.outcome === 'nack') refused.push(notice);
      else if (notice.outcome === 'silent') silent.push(notice);
    }
    const latest = notices.at(-1);
    if (latest !== undefined && latest.closedAt === null) {
      const next = chase(view, question, latest);
      if (next === undefined) open.push(latest);
      else decisions.push(next);
      continue;
    }
    const told = new Set(notices.flatMap((notice) => notice.instanceIds));
    const untold = instanceIds.filter((id) => !told.has(id));
    if (notices.length > 0 && (untold.length === 0 || question.host === null)) continue;
    const rest = restOf(view, question, projectId);
    if (rest === undefined) decisions.push(openNotice(question, projectId, untold));
    else if (restUntil === undefined || rest < restUntil) restUntil = rest;
  }
  const wait = waitFor(view, question, open, restUntil);
  return { decisions, acked, refused, silent, ...(wait && { wait }) };
}

/** The reason of a session that fails because of these answers; undefined if nobody refused or kept silent. */
export function refusalReason(asked: Asked): Omit<Reason, 'at'> | undefined {
  const [nack] = asked.refused;
  if (nack !== undefined) {
    const message = `Project ${nack.projectId} answered NACK_${nack.state}${aboutHost(nack)}.`;
    return { code: 'nack', message, projectId: nack.projectId, ...(nack.host !== null && { host: nack.host }) };
  }
  const [silence] = asked.silent;
  if (silence === undefined) return undefined;
  const times = silence.repeats + 1;
  const message = `Project ${silence.projectId} did not answer ${silence.state}${aboutHost(silence)} (told ${times} times).`;
  return {
    code: 'silence',
    message,
    projectId: silence.projectId,
    ...(silence.host !== null && { host: silence.host }),
  };
}

/** reply_at = actions_at = now + window. */
export function plainWindow(now: Date, windowS: number): Window {
  const at = plusSeconds(now, windowS);
  return { replyAt: at, actionsAt: at };
}

/** The window of MAINTENANCE: answers are due in `windowS`, but not after maintenance_at (v1 §2.4). */
export function maintenanceWindow(now: Date, maintenanceAt: Date, windowS: number, repeated: boolean): Window {
  if (repeated && maintenanceAt <= now) return plainWindow(now, windowS);
  const replyAt = new Date(Math.min(plusSeconds(now, windowS).getTime(), maintenanceAt.getTime()));
  const earliest = plusSeconds(now, SHORTEST_WINDOW_S);
  return replyAt < earliest ? { replyAt: earliest, actionsAt: earliest } : { replyAt, actionsAt: maintenanceAt };
}

/** A notice that expects no answer, e.g. INSTANCE_ACTION_DONE. */
export function inform(state: NoticeState, projectId: string, instanceId: string, host: string | null): OpenNotice {
  return {
    kind: 'open-notice',
    state,
    projectId,
    instanceId,
    instanceIds: [instanceId],
    host,
    allowedActions: [],
    replyAt: null,
    actionsAt: null,
  };
}

/** What a notice means whose question was withdrawn (a session that was continued asks again). */
function noticesOf(view: SessionView, question: Question, projectId: string): Notice[] {
  return view.notices.filter(
    (notice) =>
      notice.projectId === projectId &&
      notice.state === question.state &&
      notice.host === question.host &&
      notice.outcome !== 'cancelled' &&
      (question.since === undefined || notice.openedAt >= question.since),
  );
}

/** An open notice: nothing to do, or it is over, or it is repeated. */
function chase(view: SessionView, question: Question, notice: Notice): CloseNotice | RepeatNotice | undefined {
  const left = notice.instanceIds.filter((id) => view.cloud.servers.some((server) => server.id === id));
  if (left.length === 0) return { kind: 'close-notice', noticeId: notice.noticeId, outcome: 'gone' };
  if (notice.replyAt === null || notice.replyAt > view.now || view.undelivered) return undefined;
  if (notice.repeats >= question.repeats) return { kind: 'close-notice', noticeId: notice.noticeId, outcome: 'silent' };
  return { kind: 'repeat-notice', noticeId: notice.noticeId, ...question.window(true) };
}

function openNotice(question: Question, projectId: string, instanceIds: readonly string[]): OpenNotice {
  return {
    kind: 'open-notice',
    state: question.state,
    projectId,
    instanceId: null,
    instanceIds,
    host: question.host,
    allowedActions: question.allowedActions,
    ...question.window(false),
  };
}

/** Until when the project is left in peace before the next notice of the same state; undefined = it may be told now. */
function restOf(view: SessionView, question: Question, projectId: string): Date | undefined {
  const same = view.notices.filter((notice) => notice.projectId === projectId && notice.state === question.state);
  const closedAt = same.at(-1)?.closedAt;
  if (closedAt === null || closedAt === undefined) return undefined;
  const until = plusSeconds(closedAt, REST_BETWEEN_ROUNDS_S);
  return until > view.now ? until : undefined;
}

function waitFor(view: SessionView, question: Question, open: readonly Notice[], rest?: Date): WaitFor | undefined {
  if (open.length > 0) {
    const projects = open.map((notice) => notice.projectId).join(', ');
    const dates = open.flatMap((notice) => (notice.replyAt === null ? [] : [notice.replyAt.getTime()]));
    const until = new Date(Math.min(...dates));
    if (until > view.now) {
      const message = `Waiting for ${open.length} project(s) to answer ${question.state}: ${projects}.`;
      return { wait: { for: 'replies', message, until } };
    }
    const message = `Notifications cannot be delivered, so the silence of ${projects} means nothing yet.`;
    return { wait: { for: 'delivery', message, until: plusSeconds(view.now, 5) } };
  }
  if (rest === undefined) return undefined;
  return {
    wait: {
      for: 'rest',
      message: `Leaving ${REST_BETWEEN_ROUNDS_S} s between two rounds of ${question.state}.`,
      until: rest,
    },
  };
}

function aboutHost(notice: Notice): string {
  return notice.host === null ? '' : ` for host ${notice.host}`;
}
