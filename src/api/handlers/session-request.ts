import type { SessionAction, SessionRequest } from '../../model/index.js';
import { malformed, notAvailable } from '../errors.js';
import { type ActionBody, type MaintenanceBody, maintenanceShape } from '../schemas/maintenance.js';
import { checkMetadata } from '../schemas/metadata.js';
import { parseTime } from '../schemas/time.js';

/** Part of the contract, checked for their shape, but nothing acts on them yet. */
const NOT_AVAILABLE = ['download'] as const;

/**
 * What POST /v1/maintenance asks for, with defaults filled in.
 * @throws Refusal 400 for what is ill-formed, 422 `not-available` for what would not be done
 */
export function parseSessionRequest(input: unknown): SessionRequest {
  const body = maintenanceShape(input);
  const request = {
    workflow: body.workflow ?? 'default',
    maintenanceAt: parseTime(body.maintenance_at, 'maintenance_at'),
    hosts: [...new Set(body.hosts ?? [])],
    metadata: body.metadata ?? {},
    actions: (body.actions ?? []).map(sessionAction),
    scope: body.scope ?? {},
    limits: body.limits ?? {},
    policy: body.policy ?? {},
  };
  checkMetadata(request.metadata);
  checkNames(request.actions);
  refuseUnavailable(body);
  return request;
}

function sessionAction({ plugin, type, name, order, metadata }: ActionBody): SessionAction {
  return { name: name ?? plugin, plugin, type, order: order ?? 0, metadata: metadata ?? {} };
}

/** A run is known by type and name, so these must differ. */
function checkNames(actions: readonly SessionAction[]): void {
  const seen = new Set<string>();
  for (const [i, { type, name }] of actions.entries()) {
    const key = `${type}/${name}`;
    if (seen.has(key)) throw malformed(`actions[${i}].name`, `There are two ${type} actions of the name ${name}.`);
    seen.add(key);
  }
}

function refuseUnavailable(body: MaintenanceBody): void {
  for (const field of NOT_AVAILABLE) if (!isEmpty(body[field])) throw notAvailable(field);
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}
