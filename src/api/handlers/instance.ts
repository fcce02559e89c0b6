import type { InstanceConstraints } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import type { Route } from '../routes.js';
import { MOST_INSTANCE_ID, parseInstanceConstraints } from '../schemas/instance.js';
import { constraintMethods } from './constraints.js';

/** Constraints of single instances (v1 §4.1). */
export function instanceRoutes(deps: ApiDeps): Route[] {
  const methods = constraintMethods<InstanceConstraints>(deps, {
    key: 'instance_id',
    mostId: MOST_INSTANCE_ID,
    records: deps.repositories.instanceConstraints,
    parse: parseInstanceConstraints,
    view: ({ record, leadTimeS }) => ({
      ...record,
      lead_time: leadTimeS ?? deps.settings.projectMaintenanceReplyS,
    }),
  });
  return [{ path: '/instance/:id', methods }];
}
