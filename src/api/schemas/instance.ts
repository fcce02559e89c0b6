import type { ConstraintOwner, InstanceAction, InstanceConstraints, MigrationChoice } from '../../model/index.js';
import {
  checkId,
  DAY_S,
  given,
  MOST_ID,
  MOST_NAME,
  mitigationOf,
  type ParsedConstraints,
  secondsOf,
} from './constraint-limits.js';
import { fieldsOf, type TolerantFields } from './tolerant-fields.js';

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

/** Body of PUT /v1/instance/{instance_id} (v1 §4.1, §4.2). @throws Refusal 400 naming the field */
export function parseInstanceConstraints(
  instanceId: string,
  body: unknown,
  owner: ConstraintOwner,
): ParsedConstraints<InstanceConstraints> {
  const fields = fieldsOf(body);
  checkId(fields, 'instance_id', instanceId, MOST_INSTANCE_ID);
  const choices = migrationChoices(fields);
  const preferred = fields.choice('migration_type', ACTIONS) ?? 'MIGRATE';
  const limits = {
    instanceId,
    groupId: fields.text('group_id', MOST_ID) || null,
    maxInterruptionTimeS: fields.integer('max_interruption_time', 0, DAY_S) ?? MAX_INTERRUPTION_S,
    migrationTypes: choices ?? [preferred],
    leadTimeS: secondsOf(fields, 'impact_notification_lead_time', 'lead_time'),
    resourceMitigation: mitigationOf(fields),
  };
  const record = {
    instance_id: instanceId,
    project_id: fields.text('project_id', MOST_ID),
    instance_name: fields.text('instance_name', MOST_NAME),
    group_id: limits.groupId,
    max_interruption_time: limits.maxInterruptionTimeS,
    migration_type: choices?.find((choice) => choice !== 'NO_MIGRATION') ?? preferred,
    resource_mitigation: limits.resourceMitigation ?? false,
    lead_time: limits.leadTimeS,
    ...extensions(fields, choices),
  };
  return { constraints: { ...owner, ...limits, record }, conversions: fields.conversions };
}

/** Best first; null = not given. */
function migrationChoices(fields: TolerantFields): MigrationChoice[] | null {
  const choices = fields.choices('supported_migration_type', CHOICES);
  if (choices?.length === 0) throw fields.refuse('supported_migration_type', 'must not be empty');
  return choices;
}

function extensions(fields: TolerantFields, choices: readonly MigrationChoice[] | null): object {
  return given({
    impact_notification_lead_time: fields.duration('impact_notification_lead_time', DAY_S),
    is_impact_mitigation_requested: fields.flag('is_impact_mitigation_requested'),
    supported_migration_type: choices,
    max_undetectable_interruption_time: fields.duration('max_undetectable_interruption_time', DAY_S),
  });
}
