import type { Tx } from '../../db/database.js';
import type { Notice } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { notAvailable, notFound } from '../errors.js';
import type { ApiRequest } from '../request.js';
import { type ParsedReply, parseReply } from '../schemas/reply.js';
import { answersOf, matching } from './reply-matching.js';
import { projectIdOf, sessionIdOf, UNKNOWN_INSTANCE, UNKNOWN_PROJECT, UNKNOWN_SESSION } from './session-id.js';

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
  const isStored = await deps.repositories.database.transaction((tx) => store(deps, request, to, reply, tx));
  const fields = { session_id: to.sessionId, instance_id: to.instanceId, state: wordOf(reply) };
  request.log.debug(fields, isStored ? 'reply taken' : 'reply without effect: no notice awaits it');
  if (isStored) void deps.engines.wake(to.sessionId, request.context).catch(() => {});
  return body;
}

/** Of deleted sessions, too: their projects' replies still find them. @throws Refusal 404 */
async function findAddressee({ repositories }: ApiDeps, request: ApiRequest): Promise<ReplyTo> {
  const sessionId = sessionIdOf(request);
  const projectId = projectIdOf(request);
  const instanceId = request.param('instance') || null;
  if ((await repositories.sessions.getEvenDeleted(sessionId)) === undefined) throw notFound(UNKNOWN_SESSION);
  if (instanceId !== null) {
    const instance = await repositories.instances.find(sessionId, instanceId);
    if (instance?.projectId !== projectId) throw notFound(UNKNOWN_INSTANCE);
  } else if (!(await hasPart(repositories, sessionId, projectId))) {
    throw notFound(UNKNOWN_PROJECT);
  }
  return { sessionId, projectId, instanceId };
}

async function hasPart(repositories: ApiDeps['repositories'], sessionId: string, projectId: string): Promise<boolean> {
  if ((await repositories.projects.find(sessionId, projectId)) !== undefined) return true;
  return repositories.instances.hasProject(sessionId, projectId);
}

/** @returns whether a notice awaited the reply. @throws Refusal 422 for an action that the notice does not allow */
async function store(deps: ApiDeps, request: ApiRequest, to: ReplyTo, reply: ParsedReply, tx: Tx): Promise<boolean> {
  const { replies, history } = deps.repositories;
  const at = deps.clock.now();
  const { userId } = request.caller;
  const { requestId } = request.context;
  const notices = await awaiting(deps, to, reply, tx);
  if (notices.length > 0 && reply.kind === 'DEFER') throw notAvailable('defer_seconds');
  const answers = answersOf(reply, notices);
  const isStored = notices.length > 0;
  if (isStored) {
    await replies.insert({ ...to, state: wordOf(reply), ...answers, userId, requestId, receivedAt: at }, tx);
  }
  const what = isStored ? 'reply-received' : 'reply-ignored';
  const details = {
    state: wordOf(reply),
    project_id: to.projectId,
    ...(to.instanceId === null ? {} : { instance_id: to.instanceId }),
    ...(isStored ? { instance_actions: answers.instanceActions, instance_action: answers.instanceAction } : {}),
    request_id: requestId,
  };
  await history.append([{ sessionId: to.sessionId, seq: null, at, who: userId, what, details }], tx);
  return isStored;
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
