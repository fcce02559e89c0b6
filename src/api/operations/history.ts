import { TEXT, UUID } from '../schemas/answers/object.js';
import type { Operation } from './operation.js';

/** What happened in sessions (v1 §1.1, 13). */
export const HISTORY = {
  sessionHistory: {
    method: 'GET',
    path: '/maintenance/{session_id}/history',
    rule: 'fenix:maintenance:history',
    about: 'Tell what happened in a session and who did it.',
    answer: 'History',
  },
  sessionEvents: {
    method: 'GET',
    path: '/maintenance/{session_id}/events',
    rule: 'fenix:maintenance:history',
    about: "Follow a session's history as server-sent events.",
    query: { last_event_id: { schema: TEXT, about: 'As the header Last-Event-ID, which goes before it.' } },
    headers: ['Last-Event-ID'],
    answer: 'event-stream',
  },
  historyEvenDeleted: {
    method: 'GET',
    path: '/history',
    rule: 'fenix:maintenance:history',
    about: 'Tell what happened in a session, a deleted one as well, until it is purged.',
    query: { session_id: { schema: UUID, about: 'The session.', required: true } },
    answer: 'History',
  },
} satisfies Record<string, Operation>;
