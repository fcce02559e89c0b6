import type { CommandKind } from '../../model/index.js';
import { HOSTS, NAME } from './name.js';
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
/** One key, and of these: an unknown one is told before there are too many. */
const oneOf = (properties: object) => ({
  type: 'object',
  allOf: [object(properties), { minProperties: 1, maxProperties: 1 }],
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
  continue: oneOf({ host: NAME, project_id: { type: 'string', minLength: 1, maxLength: 64 } }),
};

export const CONTROL_BODY = oneOf(ACTIONS);

/** @throws Refusal 400 naming the field */
export const parseControl = shapeOf<ControlBody>(CONTROL_BODY);
