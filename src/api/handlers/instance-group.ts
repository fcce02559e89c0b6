import type { GroupConstraints } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import type { Route } from '../routes.js';
import { MOST_ID } from '../schemas/constraint-limits.js';
import { parseGroupConstraints } from '../schemas/instance-group.js';
import { constraintMethods } from './constraints.js';

/** Constraints of groups of instances (v1 §4.1). */
export function instanceGroupRoutes(deps: ApiDeps): Route[] {
  const methods = constraintMethods<GroupConstraints>(deps, {
    key: 'group_id',
    mostId: MOST_ID,
    records: deps.repositories.groupConstraints,
    parse: parseGroupConstraints,
    view: ({ record }) => record,
  });
  return [{ path: '/instance_group/:id', methods }];
}
