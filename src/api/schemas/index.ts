import type { SchemaObject } from 'ajv';
import { ACTIONS, ENGINES, WORKFLOWS } from './answers/catalog.js';
import { GROUP_CONSTRAINTS, INSTANCE_CONSTRAINTS } from './answers/constraints.js';
import { SESSION_DETAIL } from './answers/detail.js';
import { HISTORY } from './answers/history.js';
import { ERROR, HEALTH, ONE_VERSION, OPENAPI, VERSIONS } from './answers/service.js';
import {
  INSTANCE_IDS,
  NOTHING,
  SESSION_CONTINUED,
  SESSION_CREATED,
  SESSION_IDS,
  SESSION_PAGE,
  SESSION_STATE,
} from './answers/session.js';
import { CONTINUE_BODY } from './continue.js';
import { CONTROL_BODY } from './control.js';
import { INSTANCE_BODY } from './instance.js';
import { GROUP_BODY } from './instance-group.js';
import { MAINTENANCE_BODY } from './maintenance.js';
import { REPLY_BODY } from './reply.js';

/** The reply as it came, with whatever keys. */
const REPLY_ANSWER = {
  type: 'object',
  additionalProperties: true,
  properties: {
    reply_at: { description: 'Of a deferred notice: when the answer is due, UTC; null = never' },
    actions_at: { description: 'Of a deferred notice: when its actions may begin, UTC; null likewise' },
  },
};

/** Bodies of requests, which are validated by them, and of answers: by their names in the OpenAPI document. */
export const SCHEMAS = {
  NewSession: MAINTENANCE_BODY,
  Continuation: CONTINUE_BODY,
  Control: CONTROL_BODY,
  Reply: REPLY_BODY,
  NewInstanceConstraints: INSTANCE_BODY,
  NewGroupConstraints: GROUP_BODY,
  SessionCreated: SESSION_CREATED,
  SessionState: SESSION_STATE,
  SessionContinued: SESSION_CONTINUED,
  SessionIds: SESSION_IDS,
  SessionPage: SESSION_PAGE,
  SessionDetail: SESSION_DETAIL,
  InstanceIds: INSTANCE_IDS,
  ReplyAnswer: REPLY_ANSWER,
  InstanceConstraints: INSTANCE_CONSTRAINTS,
  GroupConstraints: GROUP_CONSTRAINTS,
  History: HISTORY,
  Workflows: WORKFLOWS,
  Actions: ACTIONS,
  Engines: ENGINES,
  Versions: VERSIONS,
  Version: ONE_VERSION,
  Health: HEALTH,
  OpenApi: OPENAPI,
  Nothing: NOTHING,
  Error: ERROR,
} as const satisfies Record<string, SchemaObject>;

export type SchemaName = keyof typeof SCHEMAS;
