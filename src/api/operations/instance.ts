import type { Operation } from './operation.js';

const path = '/instance/{instance_id}';

/** Constraints of single instances (v1 §1.1, 10). */
export const INSTANCE = {
  showInstance: {
    method: 'GET',
    path,
    rule: 'fenix:instance:get',
    about: 'Show the constraints of an instance.',
    answer: 'InstanceConstraints',
  },
  putInstance: {
    method: 'PUT',
    path,
    rule: 'fenix:instance:update',
    limit: 'constraints',
    about: 'Set the constraints of an instance; the whole object is replaced.',
    body: 'NewInstanceConstraints',
    answer: 'InstanceConstraints',
  },
  deleteInstance: {
    method: 'DELETE',
    path,
    rule: 'fenix:instance:delete',
    limit: 'constraints',
    about: 'Delete the constraints of an instance.',
    answer: 'Nothing',
  },
} satisfies Record<string, Operation>;
