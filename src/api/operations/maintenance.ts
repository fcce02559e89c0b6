import { TEXT, UUID } from '../schemas/answers/object.js';
import { STATE } from '../schemas/answers/session.js';
import type { Operation } from './operation.js';

/** Sessions, as admins see them (v1 §1.1, 1-6 and 12). */
export const MAINTENANCE = {
  listSessions: {
    method: 'GET',
    path: '/maintenance',
    rule: 'fenix:maintenance:list',
    about: 'List maintenance sessions.',
    query: {
      limit: { schema: { type: 'integer', minimum: 1 }, about: 'Sessions in a page, 1000 at most. From 1.1 on.' },
      marker: { schema: UUID, about: 'The session that the page begins after. From 1.1 on.' },
      state: { schema: STATE, about: 'Only those in this state. From 1.1 on.' },
      workflow: { schema: TEXT, about: 'Only those of this workflow. From 1.1 on.' },
    },
    answer: ['SessionIds', 'SessionPage'],
  },
  createSession: {
    method: 'POST',
    path: '/maintenance',
    rule: 'fenix:maintenance:create',
    about: 'Create a maintenance session.',
    headers: ['Idempotency-Key'],
    body: 'NewSession',
    answer: 'SessionCreated',
    refusals: [409, 422, 509],
  },
  showSession: {
    method: 'GET',
    path: '/maintenance/{session_id}',
    rule: 'fenix:maintenance:get',
    about: 'Show the state of a session.',
    answer: 'SessionState',
  },
  continueSession: {
    method: 'PUT',
    path: '/maintenance/{session_id}',
    rule: 'fenix:maintenance:update',
    about: 'Let a failed session go on where it failed.',
    body: 'Continuation',
    bodyOptional: true,
    answer: 'SessionContinued',
    refusals: [409, 422],
  },
  deleteSession: {
    method: 'DELETE',
    path: '/maintenance/{session_id}',
    rule: 'fenix:maintenance:delete',
    about: 'Delete a session; an unfinished one is aborted first.',
    answer: 'Nothing',
  },
  controlSession: {
    method: 'POST',
    path: '/maintenance/{session_id}/action',
    rule: 'fenix:maintenance:action',
    about: 'Control a session: pause, resume, abort, single hosts, questions.',
    headers: ['Idempotency-Key'],
    body: 'Control',
    answer: 'Control',
    refusals: [409, 422],
  },
  sessionDetail: {
    method: 'GET',
    path: '/maintenance/{session_id}/detail',
    rule: 'fenix:maintenance:detail',
    about: 'Show everything known of a session.',
    answer: 'SessionDetail',
  },
} satisfies Record<string, Operation>;
