import type { HistoryEntry } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { malformed, notFound } from '../errors.js';
import { EventFeed } from '../events/feed.js';
import { HISTORY } from '../operations/index.js';
import type { ApiRequest } from '../request.js';
import { type Endpoint, endpoints } from '../routes.js';
import { sessionEvents } from './events.js';
import { historyEntryView } from './history-view.js';
import { isSessionId, sessionIdOf, UNKNOWN_SESSION } from './session-id.js';

/** What happened in a session and who did it (v1 §1.1, 13); of deleted ones by the second path, until they are purged. */
export function historyEndpoints(deps: ApiDeps): Endpoint[] {
  const feed = feedOf(deps);
  return endpoints(HISTORY, {
    sessionHistory: (request) => historyOfSession(deps, request),
    sessionEvents: (request) => sessionEvents(deps, feed, request),
    historyEvenDeleted: (request) => historyEvenDeleted(deps, request),
  });
}

function feedOf({ repositories, settings, machineClock, logger, stopping }: ApiDeps): EventFeed {
  const feed = new EventFeed(repositories, settings.events, machineClock, logger);
  stopping?.addEventListener('abort', () => feed.close(), { once: true });
  return feed;
}

async function historyOfSession({ repositories }: ApiDeps, request: ApiRequest): Promise<object> {
  const sessionId = sessionIdOf(request);
  if ((await repositories.sessions.get(sessionId)) === undefined) throw notFound(UNKNOWN_SESSION);
  return historyView(await repositories.history.list(sessionId));
}

async function historyEvenDeleted({ repositories }: ApiDeps, request: ApiRequest): Promise<object> {
  const sessionId = request.query('session_id');
  if (sessionId === undefined) throw malformed('session_id', 'session_id is missing.');
  if (!isSessionId(sessionId)) throw notFound(UNKNOWN_SESSION);
  const entries = await repositories.history.list(sessionId);
  const isKnown = entries.length > 0 || (await repositories.sessions.getEvenDeleted(sessionId)) !== undefined;
  if (!isKnown) throw notFound(UNKNOWN_SESSION);
  return historyView(entries);
}

function historyView(entries: readonly HistoryEntry[]): object {
  return { history: entries.map(historyEntryView) };
}
