import type { SchemaObject } from 'ajv';

/** `scope`: an alternative to hosts. @param name schema of a host's, an aggregate's or a zone's name */
export const SCOPE = (name: SchemaObject): SchemaObject => ({
  type: 'object',
  additionalProperties: false,
  properties: { aggregate: name, zone: name, exclude_hosts: { type: 'array', items: name } },
});

/** A number of things, or how much of all there are. */
const LIMIT = { type: ['integer', 'string'], minimum: 1, pattern: '^(?:[1-9][0-9]?|100)%$', examples: ['20%'] };

export const LIMITS: SchemaObject = {
  type: 'object',
  additionalProperties: false,
  properties: { hosts: LIMIT, controllers: LIMIT, migrations: LIMIT, migrations_per_host: LIMIT, per_zone: LIMIT },
};

const oneOf = (...values: string[]): SchemaObject => ({ type: 'string', enum: values });
const REACH = oneOf('fail', 'skip_host', 'force', 'ask');
const WINDOW = { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 };

/** What a policy may say of one project, too. */
const PER_PROJECT = {
  nack: REACH,
  silence: REACH,
  instance_failed: REACH,
  no_manager: oneOf('fail', 'proceed'),
  constraints: oneOf('defaults', 'require'),
  immovable: oneOf('fail', 'skip_host', 'stop_while_out'),
  project_maintenance_reply: WINDOW,
  project_scale_in_reply: WINDOW,
};

export const POLICY: SchemaObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...PER_PROJECT,
    plugin_failed: REACH,
    failure_budget: { type: 'integer', minimum: 0 },
    down_hosts: oneOf('exclude', 'evacuate', 'fail'),
    steer_new: oneOf('none', 'disable_waiting'),
    hold_room: oneOf('none', 'placeholders'),
    per_project: {
      type: 'object',
      propertyNames: { type: 'string', minLength: 1, maxLength: 64 },
      additionalProperties: { type: 'object', additionalProperties: false, properties: PER_PROJECT },
    },
  },
};
