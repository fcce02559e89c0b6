import type { Operation } from './operation.js';

/** What happened in sessions (v1 §1.1, 13). */
export const HISTORY = {
  sessionHistory: {
    method: 'GET',
    path: '/maintenance/{session_id}/history',
    rule: 'fenix:maintenance:history',
    about: 'Tell what happened in a session and who did it.',
  },
  sessionEvents: {
    method: 'GET',
    path: '/maintenance/{session_id}/events',
    rule: 'fenix:maintenance:history',
    about: "Follow a session's history as server-sent events.",
  },
  historyEvenDeleted: {
    method: 'GET',
    path: '/history',
    rule: 'fenix:maintenance:history',
    about: 'Tell what happened in a session, a deleted one as well, until it is purged.',
  },
} satisfies Record<string, Operation>;
