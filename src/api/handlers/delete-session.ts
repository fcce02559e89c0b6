import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import type { ApiRequest } from '../request.js';
import { originOf } from './origin.js';
import { sessionIdOf, UNKNOWN_SESSION } from './session-id.js';

/**
 * DELETE /v1/maintenance/{sid}: a command that the session's owner carries out; from its commit on everything at the
 * id is gone but replies and history. An unfinished session is aborted by the owner first.
 */
export async function deleteSession(deps: ApiDeps, request: ApiRequest): Promise<object> {
  const { sessions, commands, history, database } = deps.repositories;
  const sessionId = sessionIdOf(request);
  const { userId } = request.caller;
  const { context } = request;
  const at = deps.clock.now();
  await database.transaction(async (tx) => {
    // A second DELETE waits for the first one and then sees it.
    await sessions.lock(sessionId, tx);
    const session = await sessions.get(sessionId, tx);
    if (session === undefined) throw notFound(UNKNOWN_SESSION);
    await commands.insert(
      { sessionId, kind: 'delete', args: {}, userId, requestId: context.requestId, receivedAt: at },
      tx,
    );
    const details = { state: session.state, ...originOf(context) };
    await history.append([{ sessionId, seq: null, at, who: userId, what: 'delete', details }], tx);
  });
  request.log.info({ session_id: sessionId }, 'session deleted');
  void deps.engines.wake(sessionId, request.context).catch(() => {});
  return {};
}
