import type { Operation } from './operation.js';

/** Sessions, as admins see them (v1 §1.1, 1-6 and 12). */
export const MAINTENANCE = {
  listSessions: {
    method: 'GET',
    path: '/maintenance',
    rule: 'fenix:maintenance:list',
    about: 'List maintenance sessions.',
  },
  createSession: {
    method: 'POST',
    path: '/maintenance',
    rule: 'fenix:maintenance:create',
    about: 'Create a maintenance session.',
  },
  showSession: {
    method: 'GET',
    path: '/maintenance/{session_id}',
    rule: 'fenix:maintenance:get',
    about: 'Show the state of a session.',
  },
  continueSession: {
    method: 'PUT',
    path: '/maintenance/{session_id}',
    rule: 'fenix:maintenance:update',
    about: 'Let a failed session go on where it failed.',
  },
  deleteSession: {
    method: 'DELETE',
    path: '/maintenance/{session_id}',
    rule: 'fenix:maintenance:delete',
    about: 'Delete a session; an unfinished one is aborted first.',
  },
  controlSession: {
    method: 'POST',
    path: '/maintenance/{session_id}/action',
    rule: 'fenix:maintenance:action',
    about: 'Control a session: pause, resume, abort, single hosts, questions.',
  },
  sessionDetail: {
    method: 'GET',
    path: '/maintenance/{session_id}/detail',
    rule: 'fenix:maintenance:detail',
    about: 'Show everything known of a session.',
  },
} satisfies Record<string, Operation>;
