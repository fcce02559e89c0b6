import type { ApiDeps } from '../deps.js';
import { malformed, notFound, Refusal } from '../errors.js';
import type { EventFeed } from '../events/feed.js';
import type { ApiRequest } from '../request.js';
import { Streamed } from '../streamed.js';
import { sessionIdOf, UNKNOWN_SESSION } from './session-id.js';

const LAST_EVENT_ID = 'Last-Event-ID';
const RETRY_AFTER_S = 10;

/**
 * GET /v1/maintenance/{sid}/events: the history as it is written, from its beginning or from after `Last-Event-ID` (a
 * header, or `last_event_id` in the query, since a browser sets no headers at first).
 */
export async function sessionEvents(deps: ApiDeps, feed: EventFeed, request: ApiRequest): Promise<Streamed> {
  const sessionId = sessionIdOf(request);
  const after = lastEventIdOf(request);
  const { sessions } = deps.repositories;
  // Who was cut off before the end gets what led to it.
  const session = after > 0 ? await sessions.getEvenDeleted(sessionId) : await sessions.get(sessionId);
  if (session === undefined) throw notFound(UNKNOWN_SESSION);
  if (feed.isFull) {
    throw new Refusal(503, 'too-many-listeners', 'Too many listen to events already; try again later.', {
      retryAfterS: RETRY_AFTER_S,
    });
  }
  const untilMs = request.tokenEndsAt.getTime();
  return new Streamed((res) => feed.serve({ sessionId, after, untilMs }, res));
}

/** @throws Refusal 400 */
function lastEventIdOf(request: ApiRequest): number {
  const text = request.header(LAST_EVENT_ID) ?? request.query('last_event_id') ?? '0';
  const id = Number(text);
  if (/^\d{1,15}$/.test(text) && Number.isSafeInteger(id)) return id;
  throw malformed(LAST_EVENT_ID, `${LAST_EVENT_ID} must be the id of an event.`);
}
