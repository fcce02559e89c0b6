import {
  ACTION_TYPES,
  HOST_STATES,
  HOST_TYPES,
  INSTANCE_ACTIONS,
  NOTICE_STATES,
  STAND_IN_ACTIONS,
} from '../../../model/index.js';
import { LIMITS, POLICY, SCOPE } from '../maintenance-options.js';
import { NAME } from '../name.js';
import { ANY_OBJECT, COUNT, FLAG, listOf, object, orNull, TEXT, TIME, UUID } from './object.js';
import { PERCENT, STATE } from './session.js';

const MOVES = { type: ['string', 'null'], enum: [...INSTANCE_ACTIONS, ...STAND_IN_ACTIONS, null] };
const NOTICE = { type: 'string', enum: NOTICE_STATES };

const REASON = {
  ...object({ code: TEXT, message: TEXT, at: TIME }, { host: TEXT, project_id: TEXT, instance_id: TEXT, plugin: TEXT }),
  type: ['object', 'null'],
  description: 'Why it failed; the code is stable',
};
const WAITING = {
  ...object({ for: TEXT, message: TEXT, since: TIME, until: TIME }),
  type: ['object', 'null'],
  description: 'What it waits for',
};
const BLOCKED = object({ because: TEXT, message: TEXT, since: TIME, until: TIME });
const HOST = object(
  {
    hostname: TEXT,
    type: { type: 'string', enum: HOST_TYPES },
    maintained: FLAG,
    disabled: FLAG,
    disabled_before: FLAG,
    state: { type: 'string', enum: HOST_STATES },
  },
  {
    blocked: BLOCKED,
    scaled: {
      type: 'string',
      enum: ['added', 'removed'],
      description: 'An action brought it into the cloud, or took it out for good',
    },
  },
);
const PROJECT = object({
  project_id: TEXT,
  state: NOTICE,
  scaled_in: FLAG,
  notified_at: orNull(TIME),
  reply_at: orNull(TIME),
  replies: COUNT,
  rounds: COUNT,
});
const INSTANCE = object(
  {
    instance_id: TEXT,
    instance_name: TEXT,
    project_id: TEXT,
    group_id: TEXT,
    host: TEXT,
    state: TEXT,
    project_state: { type: ['string', 'null'], enum: [...NOTICE_STATES, null] },
    action: MOVES,
    action_done: FLAG,
  },
  {
    stopped: { type: 'boolean', description: 'Fenix stopped it, and has not started it again' },
    room_kept: { type: 'boolean', description: 'Whether room for one more of its kind was kept, where that is wanted' },
    blocked: BLOCKED,
  },
);
const ACTION_TYPE = { type: 'string', enum: ACTION_TYPES };
const ACTION = object({
  name: TEXT,
  plugin: TEXT,
  type: ACTION_TYPE,
  order: { type: 'integer' },
  metadata: ANY_OBJECT,
});
const RUN = object({
  name: TEXT,
  plugin: TEXT,
  type: ACTION_TYPE,
  hostname: TEXT,
  state: TEXT,
  attempt: COUNT,
  output: { type: ['string', 'null'], description: 'The end of what it has printed so far; null = nothing' },
  facts: { ...orNull(ANY_OBJECT), description: 'What it has found out so far; null = nothing' },
});
const IMPACT = object({
  instance_id: TEXT,
  group_id: TEXT,
  action: TEXT,
  started_at: TIME,
  ended_at: orNull(TIME),
  recovered_at: orNull(TIME),
});

const DOWNLOAD = object({
  url: TEXT,
  state: { type: 'string', enum: ['waiting', 'coming', 'done', 'failed'] },
  sha256: orNull({ type: 'string', description: 'Known once it has come' }),
  percent: orNull({ type: 'integer', description: 'How much of it has come, where its server says how much it is' }),
});

const LEFT = object({
  hosts: listOf({ type: 'string', description: 'Its compute service stays disabled until it is retried or released' }),
  moves: listOf(object({ instance_id: TEXT, action: TEXT, state: TEXT })),
  stopped: listOf({ type: 'string', description: 'Instance that was stopped and not started again' }),
  projects: listOf({ type: 'string', description: 'Project that scaled in and was not told MAINTENANCE_COMPLETE' }),
  notifications: listOf(object({ event_type: TEXT, attempts: COUNT, error: orNull({ type: 'string' }) })),
});

/** Everything known of a session (v1 §1.4). */
export const SESSION_DETAIL = object({
  session_id: UUID,
  state: STATE,
  prev_state: { type: ['string', 'null'], enum: [...STATE.enum, null] },
  paused_at: orNull(TIME),
  workflow: TEXT,
  maintenance_at: TIME,
  metadata: ANY_OBJECT,
  scope: SCOPE(NAME),
  limits: LIMITS,
  policy: POLICY,
  download: listOf(DOWNLOAD),
  percent_done: PERCENT,
  reason: REASON,
  waiting: WAITING,
  hosts: listOf(HOST),
  excluded: listOf(object({ hostname: TEXT, reason: TEXT })),
  projects: listOf(PROJECT),
  instances: listOf(INSTANCE),
  action_plugins: listOf(ACTION),
  action_plugin_instances: listOf(RUN),
  impacts: listOf(IMPACT),
  left: LEFT,
});
