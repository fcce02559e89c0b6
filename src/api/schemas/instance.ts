import type { ConstraintOwner, InstanceAction, InstanceConstraints, MigrationChoice } from '../../model/index.js';
import {
  checkId,
  DAY_S,
  ETSI_FIELDS,
  given,
  MOST_ID,
  MOST_NAME,
  type ParsedConstraints,
  secondsOf,
} from './constraint-limits.js';
import { choice, choices, duration, flag, integer, readAll, schemaOf, text } from './fields.js';
import { fieldsOf } from './tolerant-fields.js';

export const MOST_INSTANCE_ID = 36;
const MAX_INTERRUPTION_S = 120;

/** `MIGRATION` is the old name of MIGRATE (v1 §1.3 j). */
const ACTIONS: Readonly<Record<string, InstanceAction>> = {
  MIGRATE: 'MIGRATE',
  MIGRATION: 'MIGRATE',
  LIVE_MIGRATE: 'LIVE_MIGRATE',
  OWN_ACTION: 'OWN_ACTION',
};

/** And the spellings of ETSI GS NFV-SOL 001, in either case. */
const CHOICES: Readonly<Record<string, MigrationChoice>> = {
  ...ACTIONS,
  NO_MIGRATION: 'NO_MIGRATION',
  OFFLINE_MIGRATION: 'MIGRATE',
  LIVE_MIGRATION: 'LIVE_MIGRATE',
  no_migration: 'NO_MIGRATION',
  offline_migration: 'MIGRATE',
  live_migration: 'LIVE_MIGRATE',
};

const FIELDS = {
  project_id: text(MOST_ID, "Only stored: the owner is the token's project"),
  instance_name: text(MOST_NAME, 'Only stored'),
  group_id: text(MOST_ID, 'Its instance group'),
  max_interruption_time: integer(0, DAY_S, 'How long a live migration may take, seconds; default 120'),
  migration_type: choice(ACTIONS, 'How it leaves its host; default MIGRATE'),
  resource_mitigation: flag("Whether room for one more is kept meanwhile; absent: the group's word"),
  lead_time: integer(0, DAY_S, 'From notice to action at the earliest, seconds; default project_maintenance_reply'),
  ...ETSI_FIELDS,
  supported_migration_type: choices(CHOICES, { least: 1, description: 'Best first; wins over migration_type' }),
  max_undetectable_interruption_time: duration(DAY_S, 'Of a live migration that goes unnoticed'),
};
const ID = text(MOST_INSTANCE_ID, "Must be the path's");

/** Body of PUT /v1/instance/{instance_id} (v1 §4.1, §4.2), as the contract has it. */
export const INSTANCE_BODY = schemaOf({ instance_id: ID, ...FIELDS });

/** The same body, with what is tolerated. @throws Refusal 400 naming the field */
export function parseInstanceConstraints(
  instanceId: string,
  body: unknown,
  owner: ConstraintOwner,
): ParsedConstraints<InstanceConstraints> {
  const fields = fieldsOf(body);
  checkId(fields, 'instance_id', instanceId, MOST_INSTANCE_ID);
  const values = readAll(fields, FIELDS);
  const choices = values.supported_migration_type;
  const preferred = values.migration_type ?? 'MIGRATE';
  const limits = {
    instanceId,
    groupId: values.group_id || null,
    maxInterruptionTimeS: values.max_interruption_time ?? MAX_INTERRUPTION_S,
    migrationTypes: choices ?? [preferred],
    leadTimeS: secondsOf(values.impact_notification_lead_time, values.lead_time),
    resourceMitigation: values.is_impact_mitigation_requested ?? values.resource_mitigation,
  };
  const record = {
    instance_id: instanceId,
    project_id: values.project_id,
    instance_name: values.instance_name,
    group_id: limits.groupId,
    max_interruption_time: limits.maxInterruptionTimeS,
    migration_type: choices?.find((one) => one !== 'NO_MIGRATION') ?? preferred,
    resource_mitigation: limits.resourceMitigation ?? false,
    lead_time: limits.leadTimeS,
    ...given({
      impact_notification_lead_time: values.impact_notification_lead_time,
      is_impact_mitigation_requested: values.is_impact_mitigation_requested,
      supported_migration_type: choices,
      max_undetectable_interruption_time: values.max_undetectable_interruption_time,
    }),
  };
  return { constraints: { ...owner, ...limits, record }, conversions: fields.conversions };
}
