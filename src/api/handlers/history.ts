import type { HistoryEntry } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { malformed, notFound } from '../errors.js';
import { HISTORY } from '../operations/index.js';
import type { ApiRequest } from '../request.js';
import { type Endpoint, endpoints } from '../routes.js';
import { timeText } from '../schemas/time.js';
import { isSessionId, sessionIdOf, UNKNOWN_SESSION } from './session-id.js';

/** How a time stands in details, which are stored as JSON. */
const STORED_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** What happened in a session and who did it (v1 §1.1, 13); of deleted ones by the second path, until they are purged. */
export function historyEndpoints(deps: ApiDeps): Endpoint[] {
  return endpoints(HISTORY, {
    sessionHistory: (request) => historyOfSession(deps, request),
    historyEvenDeleted: (request) => historyEvenDeleted(deps, request),
  });
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
  return { history: entries.map(entryView) };
}

/** Details may have any key, but not the three that every line has. */
function entryView({ at, who, what, details }: HistoryEntry): object {
  const own = { at: timeText(at), who, what };
  const others = Object.entries(details).filter(([key]) => !Object.hasOwn(own, key));
  return { ...own, ...Object.fromEntries(others.map(([key, value]) => [snakeCase(key), inner(key, value)])) };
}

/** A reason has keys of its own; other values may be keyed by names of hosts and ids, which stay as they are. */
function inner(key: string, value: unknown): unknown {
  if (typeof value === 'string' && STORED_TIME.test(value)) return timeText(new Date(value));
  if (key !== 'reason' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [snakeCase(name), item]));
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
