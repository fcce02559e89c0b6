import { SESSION_STATES, type Session, type SessionState } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { malformed } from '../errors.js';
import type { ApiRequest } from '../request.js';
import { isSessionId } from './session-id.js';
import { timeOrNull } from './view.js';

const MOST = 1000;

/** GET /v1/maintenance: all ids in 1.0, a page of objects from 1.1 on. */
export function listSessions(deps: ApiDeps, request: ApiRequest): Promise<object> {
  return request.minor === 0 ? listIds(deps) : listPage(deps, request);
}

/** Code and documents once disagreed on the key, so both are there (v1 §1.1). */
export async function listIds({ repositories }: ApiDeps): Promise<object> {
  const ids = await repositories.sessions.ids();
  return { sessions: ids, session_id: ids };
}

/** Oldest first; `next` is the marker of the page that follows, null at the end. */
async function listPage({ repositories }: ApiDeps, request: ApiRequest): Promise<object> {
  const limit = limitOf(request);
  const state = stateOf(request);
  const workflow = request.query('workflow');
  const after = await markedBy(repositories.sessions, request);
  // One more tells whether there is more.
  const found = await repositories.sessions.page({ after, state, workflow, limit: limit + 1 });
  const page = found.slice(0, limit);
  return {
    sessions: page.map(summaryView),
    next: found.length > limit ? (page.at(-1)?.sessionId ?? null) : null,
  };
}

function summaryView(session: Session): object {
  return {
    session_id: session.sessionId,
    state: session.state,
    workflow: session.workflow,
    maintenance_at: timeOrNull(session.maintenanceAt),
    percent_done: session.percentDone,
    paused_at: timeOrNull(session.pausedAt),
  };
}

function limitOf(request: ApiRequest): number {
  const text = request.query('limit') ?? String(MOST);
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1) return Math.min(limit, MOST);
  throw malformed('limit', 'limit must be an integer from 1.');
}

function stateOf(request: ApiRequest): SessionState | undefined {
  const text = request.query('state');
  const state = SESSION_STATES.find((known) => known === text);
  if (text === undefined || state !== undefined) return state;
  throw malformed('state', `state must be one of ${SESSION_STATES.join(', ')}.`);
}

/** A deleted session still marks its place. */
async function markedBy(
  sessions: ApiDeps['repositories']['sessions'],
  request: ApiRequest,
): Promise<Session | undefined> {
  const marker = request.query('marker');
  if (marker === undefined) return undefined;
  const session = isSessionId(marker) ? await sessions.getEvenDeleted(marker) : undefined;
  if (session === undefined) throw malformed('marker', 'marker must be the id of a session.');
  return session;
}
