import { Together } from '../../common/together.js';
import type { Session } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import { MAINTENANCE } from '../operations/index.js';
import type { ApiRequest } from '../request.js';
import { type Endpoint, endpoints, type Handler } from '../routes.js';
import { timeText } from '../schemas/time.js';
import { continueSession } from './continue-session.js';
import { controlSession } from './control.js';
import { createSession } from './create-session.js';
import { deleteSession } from './delete-session.js';
import { sessionDetail } from './detail.js';
import { listSessions } from './list-sessions.js';
import { sessionIdOf, UNKNOWN_SESSION } from './session-id.js';

/** Sessions, as admins see them. */
export function maintenanceEndpoints(deps: ApiDeps): Endpoint[] {
  return endpoints(MAINTENANCE, {
    listSessions: (request) => listSessions(deps, request),
    createSession: (request) => createSession(deps, request),
    showSession: showSession(deps),
    continueSession: (request) => continueSession(deps, request),
    deleteSession: (request) => deleteSession(deps, request),
    controlSession: (request) => controlSession(deps, request),
    sessionDetail: async (request) => sessionDetail(deps, await findSession(deps, request)),
  });
}

export function showSession({ repositories, settings, machineClock: machine }: ApiDeps): Handler {
  const summaries = new Together(
    async (ids: readonly string[]) => {
      const found = new Map((await repositories.sessions.summaries(ids)).map((one) => [one.sessionId, one]));
      return ids.map((id) => found.get(id));
    },
    { pace: { ms: settings.readPaceMs, machine } },
  );
  return async (request) => {
    const session = await summaries.of(sessionIdOf(request));
    if (session === undefined) throw notFound(UNKNOWN_SESSION);
    const { sessionId, state, pausedAt } = session;
    return { session_id: sessionId, state, paused_at: pausedAt && timeText(pausedAt) };
  };
}

async function findSession({ repositories }: ApiDeps, request: ApiRequest): Promise<Session> {
  const session = await repositories.sessions.get(sessionIdOf(request));
  if (session === undefined) throw notFound(UNKNOWN_SESSION);
  return session;
}
