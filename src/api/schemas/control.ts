import type { CommandKind } from '../../model/index.js';
import { malformed } from '../errors.js';
import { HOSTS, NAME } from './maintenance.js';
import { shapeOf } from './validator.js';

/** Body of POST /v1/maintenance/{sid}/action (v1 §1.5): one of these keys. */
export interface ControlBody {
  readonly pause?: object;
  readonly resume?: object;
  readonly abort?: { readonly moves?: 'revert' };
  readonly retry_host?: HostValue;
  readonly skip_host?: HostValue;
  readonly mark_host_done?: HostValue;
  readonly add_hosts?: { readonly hosts: readonly string[] };
  readonly continue?: { readonly host?: string; readonly project_id?: string };
}

export interface HostValue {
  readonly host: string;
}

const object = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
const HOST = object({ host: NAME }, ['host']);

const ACTIONS: Readonly<Record<Exclude<CommandKind, 'delete' | 'continue-session' | 'freeze' | 'thaw'>, object>> = {
  pause: object({}),
  resume: object({}),
  abort: object({ moves: { type: 'string', enum: ['revert'] } }),
  retry_host: HOST,
  skip_host: HOST,
  mark_host_done: HOST,
  add_hosts: object({ hosts: { ...HOSTS, minItems: 1 } }, ['hosts']),
  continue: object({ host: NAME, project_id: { type: 'string', minLength: 1, maxLength: 64 } }),
};

const shape = shapeOf<ControlBody>(object(ACTIONS));

/** @throws Refusal 400 naming the field */
export function parseControl(input: unknown): ControlBody {
  const body = shape(input);
  if (Object.keys(body).length !== 1) {
    throw malformed(null, `The body must have exactly one of ${Object.keys(ACTIONS).join(', ')}.`);
  }
  if (body.continue !== undefined && Object.keys(body.continue).length !== 1) {
    throw malformed('continue', 'continue must have either host or project_id.');
  }
  return body;
}
