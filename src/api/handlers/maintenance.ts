import type { Session } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import { mayManageSessions as allowed } from '../policies/maintenance.js';
import type { ApiRequest } from '../request.js';
import type { Route } from '../routes.js';
import { timeText } from '../schemas/time.js';
import { continueSession } from './continue-session.js';
import { controlSession } from './control.js';
import { createSession } from './create-session.js';
import { deleteSession } from './delete-session.js';
import { sessionDetail } from './detail.js';
import { sessionIdOf, UNKNOWN_SESSION } from './session-id.js';

/** Sessions, as admins see them. */
export function maintenanceRoutes(deps: ApiDeps): Route[] {
  return [
    {
      path: '/maintenance',
      methods: {
        GET: { allowed, handle: () => listSessions(deps) },
        POST: { allowed, handle: (request) => createSession(deps, request) },
      },
    },
    {
      path: '/maintenance/:session',
      methods: {
        GET: { allowed, handle: (request) => showSession(deps, request) },
        PUT: { allowed, handle: (request) => continueSession(deps, request) },
        DELETE: { allowed, handle: (request) => deleteSession(deps, request) },
      },
    },
    {
      path: '/maintenance/:session/action',
      methods: { POST: { allowed, handle: (request) => controlSession(deps, request) } },
    },
    {
      path: '/maintenance/:session/detail',
      methods: {
        GET: { allowed, handle: async (request) => sessionDetail(deps, await findSession(deps, request)) },
      },
    },
  ];
}

/** Code and documents once disagreed on the key, so both are there (v1 §1.1). */
export async function listSessions({ repositories }: ApiDeps): Promise<object> {
  const ids = await repositories.sessions.ids();
  return { sessions: ids, session_id: ids };
}

export async function showSession(deps: ApiDeps, request: ApiRequest): Promise<object> {
  const { sessionId, state, pausedAt } = await findSession(deps, request);
  return { session_id: sessionId, state, paused_at: pausedAt && timeText(pausedAt) };
}

async function findSession({ repositories }: ApiDeps, request: ApiRequest): Promise<Session> {
  const session = await repositories.sessions.get(sessionIdOf(request));
  if (session === undefined) throw notFound(UNKNOWN_SESSION);
  return session;
}
