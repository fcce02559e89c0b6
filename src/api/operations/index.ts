import { CATALOG } from './catalog.js';
import { HISTORY } from './history.js';
import { INSTANCE } from './instance.js';
import { INSTANCE_GROUP } from './instance-group.js';
import { MAINTENANCE } from './maintenance.js';
import type { Operation } from './operation.js';
import { PROJECT } from './project.js';

export type { Method, Operation } from './operation.js';
export { CATALOG, HISTORY, INSTANCE, INSTANCE_GROUP, MAINTENANCE, PROJECT };

/** Resources, as the OpenAPI document tags them. */
export const RESOURCES: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  sessions: MAINTENANCE,
  history: HISTORY,
  catalog: CATALOG,
  projects: PROJECT,
  instances: INSTANCE,
  groups: INSTANCE_GROUP,
};

/** Everything below `/v1` that needs a token, by its id in the OpenAPI document. */
export const OPERATIONS: Readonly<Record<string, Operation>> = Object.assign({}, ...Object.values(RESOURCES));
