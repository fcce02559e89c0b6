import type { Operation } from './operation.js';

/** A session, as the owners of instances see it (v1 §1.1, 7-9). */
export const PROJECT = {
  projectInstances: {
    method: 'GET',
    path: '/maintenance/{session_id}/{project_id}',
    rule: 'fenix:project:get',
    about: "List the project's instances that its open notice is about, else all on the session's hosts.",
    answer: 'InstanceIds',
  },
  projectReply: {
    method: 'PUT',
    path: '/maintenance/{session_id}/{project_id}',
    rule: 'fenix:project:reply',
    limit: 'replies',
    about: 'Reply to the open notice of a project.',
    body: 'Reply',
    answer: 'ReplyAnswer',
    refusals: [422],
  },
  instanceReply: {
    method: 'PUT',
    path: '/maintenance/{session_id}/{project_id}/{instance_id}',
    rule: 'fenix:project:reply',
    limit: 'replies',
    about: 'Reply to the open notice about one instance.',
    body: 'Reply',
    answer: 'ReplyAnswer',
    refusals: [422],
  },
} satisfies Record<string, Operation>;
