import type { InstanceConstraints } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { INSTANCE } from '../operations/index.js';
import { type Endpoint, endpoints } from '../routes.js';
import { MOST_INSTANCE_ID, parseInstanceConstraints } from '../schemas/instance.js';
import { constraintHandlers, ownedByCaller } from './constraints.js';

/** Constraints of single instances (v1 §4.1). */
export function instanceEndpoints(deps: ApiDeps): Endpoint[] {
  const { show, put, remove } = constraintHandlers<InstanceConstraints>(deps, {
    key: 'instance_id',
    mostId: MOST_INSTANCE_ID,
    records: deps.repositories.instanceConstraints,
    parse: parseInstanceConstraints,
    view: ({ record, leadTimeS }) => ({
      ...record,
      lead_time: leadTimeS ?? deps.settings.projectMaintenanceReplyS,
    }),
  });
  return endpoints(INSTANCE, { showInstance: show, putInstance: put, deleteInstance: remove }, ownedByCaller);
}
