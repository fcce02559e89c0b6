import type { Tx } from '../../db/database.js';
import type { Deferral, Notice } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import type { ApiRequest } from '../request.js';
import { type ParsedReply, parseReply } from '../schemas/reply.js';
import { deferralAfter, deferralView } from './deferral.js';
import { originOf } from './origin.js';
import { type Answers, answersOf, matching } from './reply-matching.js';
import { projectIdOf, sessionIdOf, UNKNOWN_INSTANCE, UNKNOWN_PROJECT, UNKNOWN_SESSION } from './session-id.js';

/** What a column of whole seconds holds; more than that is cut anyway. */
const MOST_SECONDS = 2 ** 31 - 1;

/** Whose answer it is and by which URL it came. */
interface ReplyTo {
  readonly sessionId: string;
  readonly projectId: string;
  /** Null on the project's URL. */
  readonly instanceId: string | null;
}

/**
 * PUT /v1/maintenance/{sid}/{project_id}[/{instance_id}]: stored for the session's owner if a notice awaits it; what
 * is repeated, late or premature is answered alike, 200 and echoed, without effect (v1 §1.3 f).
 */
export async function takeReply(deps: ApiDeps, request: ApiRequest): Promise<unknown> {
  const to = await findAddressee(deps, request);
  const body = request.body();
  const reply = parseReply(body);
  const { isStored, deferral } = await deps.repositories.database.transaction(async (tx) => {
    await deps.repositories.sessions.lock(to.sessionId, tx);
    return store(deps, request, to, reply, tx);
  });
  const fields = { session_id: to.sessionId, instance_id: to.instanceId, state: wordOf(reply) };
  request.log.debug(fields, isStored ? 'reply taken' : 'reply without effect: no notice awaits it');
  if (isStored) void deps.engines.wake(to.sessionId, request.context).catch(() => {});
  return deferral === undefined ? body : { ...Object(body), ...deferralView(deferral) };
}

/** Of deleted sessions, too: their projects' replies still find them. @throws Refusal 404 */
async function findAddressee({ repositories }: ApiDeps, request: ApiRequest): Promise<ReplyTo> {
  const sessionId = sessionIdOf(request);
  const projectId = projectIdOf(request);
  const instanceId = request.param('instance_id') || null;
  if (!(await isAddressee(repositories, { sessionId, projectId, instanceId }))) {
    if (!(await repositories.sessions.isKnown(sessionId))) throw notFound(UNKNOWN_SESSION);
    throw notFound(instanceId === null ? UNKNOWN_PROJECT : UNKNOWN_INSTANCE);
  }
  return { sessionId, projectId, instanceId };
}

async function isAddressee(repositories: ApiDeps['repositories'], to: ReplyTo): Promise<boolean> {
  const { sessionId, projectId, instanceId } = to;
  if (instanceId === null) return hasPart(repositories, sessionId, projectId);
  return (await repositories.instances.find(sessionId, instanceId))?.projectId === projectId;
}

async function hasPart(repositories: ApiDeps['repositories'], sessionId: string, projectId: string): Promise<boolean> {
  if ((await repositories.projects.find(sessionId, projectId)) !== undefined) return true;
  return repositories.instances.hasProject(sessionId, projectId);
}

/** The reply as it is stored. */
interface Taken {
  /** False when nothing awaits it: then it only stands in the history. */
  readonly isStored: boolean;
  /** Set when it asked for more time, and that counts. */
  readonly deferral?: Deferral;
}

/** @throws Refusal 422 for an action that the notice does not allow */
async function store(deps: ApiDeps, request: ApiRequest, to: ReplyTo, reply: ParsedReply, tx: Tx): Promise<Taken> {
  const [newest, ...others] = await awaiting(deps, to, reply, tx);
  const answers = answersOf(reply, newest === undefined ? [] : [newest, ...others]);
  const deferral = newest && (await deferralBy(deps, reply, newest, tx));
  const isStored = newest !== undefined && (reply.kind !== 'DEFER' || deferral !== undefined);
  const { userId } = request.caller;
  const { requestId } = request.context;
  const receivedAt = deps.clock.now();
  if (isStored) {
    const state = `${reply.kind}_${newest.state}`;
    const deferSeconds = reply.deferSeconds && Math.min(reply.deferSeconds, MOST_SECONDS);
    await deps.repositories.replies.insert(
      { ...to, state, deferSeconds, ...answers, userId, requestId, receivedAt },
      tx,
    );
  }
  await tell(deps, request, to, reply, isStored ? answers : undefined, tx);
  return { isStored, ...(deferral !== undefined && { deferral }) };
}

/** @param answers of a reply that counts */
async function tell(
  { repositories, clock }: ApiDeps,
  { caller, context }: ApiRequest,
  { sessionId, projectId, instanceId }: ReplyTo,
  reply: ParsedReply,
  answers: Answers | undefined,
  tx: Tx,
): Promise<void> {
  const details = {
    state: wordOf(reply),
    project_id: projectId,
    ...(instanceId !== null && { instance_id: instanceId }),
    ...(answers && { instance_actions: answers.instanceActions, instance_action: answers.instanceAction }),
    ...(reply.deferSeconds !== null && { defer_seconds: reply.deferSeconds }),
    ...originOf(context),
  };
  const what = answers === undefined ? 'reply-ignored' : 'reply-received';
  await repositories.history.append([{ sessionId, seq: null, at: clock.now(), who: caller.userId, what, details }], tx);
}

async function deferralBy(
  { repositories, settings }: ApiDeps,
  { deferSeconds }: ParsedReply,
  notice: Notice,
  tx: Tx,
): Promise<Deferral | undefined> {
  if (deferSeconds === null) return undefined;
  const unread = await repositories.replies.unhandled(notice.sessionId, tx);
  return deferralAfter(notice, unread, deferSeconds, settings.maxDeferS);
}

/** The open notices that the reply answers; none in a deleted session. */
async function awaiting(deps: ApiDeps, to: ReplyTo, reply: ParsedReply, tx: Tx): Promise<Notice[]> {
  const { notices, commands } = deps.repositories;
  if (await commands.isDeleted(to.sessionId, tx)) return [];
  return matching(await notices.open(to.sessionId, to.projectId, tx), to.instanceId, reply);
}

/** As it came, e.g. `ACK_MAINTENANCE`. */
function wordOf({ kind, state }: ParsedReply): string {
  return state === null ? kind : `${kind}_${state}`;
}
