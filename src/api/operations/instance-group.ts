import type { Operation } from './operation.js';

const path = '/instance_group/{group_id}';

/** Constraints of instance groups (v1 §1.1, 10). */
export const INSTANCE_GROUP = {
  showGroup: {
    method: 'GET',
    path,
    rule: 'fenix:instance_group:get',
    about: 'Show the constraints of an instance group.',
    answer: 'GroupConstraints',
  },
  putGroup: {
    method: 'PUT',
    path,
    rule: 'fenix:instance_group:update',
    limit: 'constraints',
    about: 'Set the constraints of an instance group; the whole object is replaced.',
    body: 'NewGroupConstraints',
    answer: 'GroupConstraints',
  },
  deleteGroup: {
    method: 'DELETE',
    path,
    rule: 'fenix:instance_group:delete',
    limit: 'constraints',
    about: 'Delete the constraints of an instance group.',
    answer: 'Nothing',
  },
} satisfies Record<string, Operation>;
