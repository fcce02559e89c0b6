import { plusSeconds } from '../common/clock.js';
import type { InstanceAction, Notice, NoticeState } from '../model/index.js';
import type { CloseNotice, Decision, ExtendNotice, OpenNotice, RepeatNotice, WaitFor } from './decisions.js';
import type { Trouble } from './trouble.js';
import type { SessionView } from './view.js';
import { deadline } from './waits.js';

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
  window(repeated: boolean, projectId: string): Window;
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
      if (notice.outcome === 'ack' || notice.outcome === 'forced') acked.push(notice);
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

/**
 * What a policy has to decide about, of these answers; undefined if nobody refused or kept silent.
 * @param hostsOf the hosts that end with it where the reach is `skip_host`
 */
export function troubleOf(asked: Asked, hostsOf: (notice: Notice) => readonly string[]): Trouble | undefined {
  const notice = asked.refused[0] ?? asked.silent[0];
  return notice && troubleWith(notice, hostsOf(notice));
}

/** A notice that was refused or not answered. @param hosts as {@link Trouble} has them */
export function troubleWith(notice: Notice, hosts: readonly string[]): Trouble {
  const { projectId, instanceId, state, host, repeats } = notice;
  const event = notice.outcome === 'nack' ? 'nack' : 'silence';
  const message =
    event === 'nack'
      ? `Project ${projectId} answered NACK_${state}${aboutHost(notice)}.`
      : `Project ${projectId} did not answer ${state}${aboutHost(notice)} (told ${repeats + 1} times).`;
  const about = { ...(host !== null && { host }), ...(instanceId !== null && { instanceId }) };
  return { event, reason: { code: event, message, projectId, ...about }, hosts, notice };
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
export function chase(
  view: SessionView,
  question: Pick<Question, 'window' | 'repeats'>,
  notice: Notice,
): CloseNotice | RepeatNotice | ExtendNotice | undefined {
  const left = notice.instanceIds.filter((id) => view.cloud.servers.some((server) => server.id === id));
  if (left.length === 0) return { kind: 'close-notice', noticeId: notice.noticeId, outcome: 'gone' };
  if (notice.replyAt === null || notice.replyAt > view.now || view.undelivered) return undefined;
  if (isActing(view, notice)) {
    const longest = plusSeconds(notice.openedAt, view.settings.busyTimeoutS);
    if (longest > view.now) {
      const { replyAt, actionsAt } = question.window(true, notice.projectId);
      const until = replyAt < longest ? replyAt : longest;
      return { kind: 'extend-notice', noticeId: notice.noticeId, replyAt: until, actionsAt: later(actionsAt, until) };
    }
  }
  if (notice.repeats >= question.repeats) return { kind: 'close-notice', noticeId: notice.noticeId, outcome: 'silent' };
  return { kind: 'repeat-notice', noticeId: notice.noticeId, ...question.window(true, notice.projectId) };
}

/**
 * Signs that the project does something about the notice: existing managers scale once per notice received and only
 * then reply, so they must not be told again meanwhile (v1 §2.4). What we move ourselves is no sign.
 */
function isActing(view: SessionView, notice: Notice): boolean {
  const own = view.cloud.servers.filter((server) => server.projectId === notice.projectId);
  const present = new Set(own.map((server) => server.id));
  if (notice.instanceIds.some((id) => !present.has(id))) return true;
  const moving = new Set(view.effects.filter(({ state }) => state === 'begun').map(({ subject }) => subject));
  if (own.some((server) => server.taskState !== null && !moving.has(server.id))) return true;
  if (notice.host !== null) return false;
  // Told of some only, it may free others.
  const had = notice.planned?.scaleIn?.had;
  if (had !== undefined) return own.length !== had;
  const computes = new Set(view.hosts.filter((host) => host.isCompute).map((host) => host.hostname));
  const told = new Set(notice.instanceIds);
  return own.some((server) => server.host !== null && computes.has(server.host) && !told.has(server.id));
}

function later(a: Date, b: Date): Date {
  return a > b ? a : b;
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
    ...question.window(false, projectId),
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
    return { wait: { for: 'delivery', message, until: deadline(view, 'delivery', view.settings.blockedTimeoutS) } };
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

function aboutHost({ host, instanceId }: Notice): string {
  if (host === null) return '';
  return instanceId === null ? ` for host ${host}` : ` for instance ${instanceId} on host ${host}`;
}
