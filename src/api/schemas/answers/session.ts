import { SESSION_STATES } from '../../../model/index.js';
import { listOf, object, orNull, TEXT, TIME, UUID } from './object.js';

export const STATE = { type: 'string', enum: SESSION_STATES };
export const PERCENT = { type: 'integer', minimum: 0, maximum: 100 };

export const SESSION_CREATED = object({ session_id: UUID });
export const SESSION_STATE = object({ session_id: UUID, state: STATE, paused_at: orNull(TIME) });
export const SESSION_CONTINUED = object({ session_id: UUID, state: STATE });

/** Of microversion 1.0: the same list twice. */
export const SESSION_IDS = object({ sessions: listOf(UUID), session_id: listOf(UUID) });

/** From 1.1 on. */
export const SESSION_PAGE = object({
  sessions: listOf(
    object({
      session_id: UUID,
      state: STATE,
      workflow: TEXT,
      maintenance_at: TIME,
      percent_done: PERCENT,
      paused_at: orNull(TIME),
    }),
  ),
  next: { ...orNull(UUID), description: 'Marker of the page that follows; null at the end' },
});

const COUNT = { type: 'integer', minimum: 0 };
export const INSTANCE_IDS = object(
  { instance_ids: listOf(TEXT) },
  {
    scale_in: {
      ...object({ instances: COUNT, vcpus: COUNT }),
      description: 'In a SCALE_IN of vnf: how much is asked of the project; the ids are those that are suggested',
    },
  },
);
export const NOTHING = { type: 'object', maxProperties: 0 };
