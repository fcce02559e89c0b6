import type { SchemaObject } from 'ajv';
import { INSTANCE_BODY } from '../instance.js';
import { GROUP_BODY } from '../instance-group.js';
import { FLAG, TEXT } from './object.js';

const SECONDS = { type: 'number', minimum: 0 };
const WHOLE = { type: 'integer', minimum: 0 };

/** The keys of the request, narrowed to how they come back; those that are named are always there. */
function answered(body: SchemaObject, always: Record<string, SchemaObject>, given: Record<string, SchemaObject>) {
  const properties = { ...body.properties, ...always, ...given };
  return { type: 'object', required: [...Object.keys(always), 'project_id'], properties };
}

/** Durations come back in seconds. */
const ETSI = { impact_notification_lead_time: SECONDS, is_impact_mitigation_requested: FLAG };

export const INSTANCE_CONSTRAINTS = answered(
  INSTANCE_BODY,
  {
    instance_id: TEXT,
    max_interruption_time: WHOLE,
    migration_type: { type: 'string', enum: ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] },
    resource_mitigation: FLAG,
    lead_time: WHOLE,
  },
  { ...ETSI, max_undetectable_interruption_time: SECONDS },
);

export const GROUP_CONSTRAINTS = answered(
  GROUP_BODY,
  {
    group_id: TEXT,
    anti_affinity_group: FLAG,
    max_instances_per_host: WHOLE,
    max_impacted_members: WHOLE,
    recovery_time: WHOLE,
    resource_mitigation: FLAG,
    notify_states: { type: 'array', items: { type: 'string' } },
  },
  { ...ETSI, min_recovery_time_between_impacts: SECONDS },
);
