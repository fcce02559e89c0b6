import type { GroupConstraints } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { INSTANCE_GROUP } from '../operations/index.js';
import { type Endpoint, endpoints } from '../routes.js';
import { MOST_ID } from '../schemas/constraint-limits.js';
import { parseGroupConstraints } from '../schemas/instance-group.js';
import { constraintHandlers, ownedByCaller } from './constraints.js';

/** Constraints of groups of instances (v1 §4.1). */
export function instanceGroupEndpoints(deps: ApiDeps): Endpoint[] {
  const { show, put, remove } = constraintHandlers<GroupConstraints>(deps, {
    key: 'group_id',
    mostId: MOST_ID,
    records: deps.repositories.groupConstraints,
    parse: parseGroupConstraints,
    view: ({ record }) => record,
  });
  return endpoints(INSTANCE_GROUP, { showGroup: show, putGroup: put, deleteGroup: remove }, ownedByCaller);
}
