import type { ConstraintOwner, GroupConstraints, SizedLimit } from '../../model/index.js';
import {
  checkId,
  DAY_S,
  given,
  MOST,
  MOST_ID,
  MOST_NAME,
  mitigationOf,
  type ParsedConstraints,
  secondsOf,
  sizedLimits,
  sizedView,
} from './constraint-limits.js';
import { fieldsOf, type TolerantFields } from './tolerant-fields.js';

const MAX_IMPACTED = 'max_number_of_impacted_instances';
const MIN_PRESERVED = 'min_number_of_preserved_instances';

const NOTIFIED = {
  INSTANCE_ACTION_FALLBACK: 'INSTANCE_ACTION_FALLBACK',
  INSTANCE_ACTION_FAILED: 'INSTANCE_ACTION_FAILED',
} as const;

/** Body of PUT /v1/instance_group/{group_id} (v1 §4.1, §4.2). @throws Refusal 400 naming the field */
export function parseGroupConstraints(
  groupId: string,
  body: unknown,
  owner: ConstraintOwner,
): ParsedConstraints<GroupConstraints> {
  const fields = fieldsOf(body);
  checkId(fields, 'group_id', groupId, MOST_ID);
  const antiAffinity = fields.flag('anti_affinity_group') ?? false;
  const perHost = fields.integer('max_instances_per_host', 0, MOST) ?? 0;
  const impacted = sizedLimits(fields, MAX_IMPACTED);
  const preserved = sizedLimits(fields, MIN_PRESERVED);
  const limits = {
    groupId,
    antiAffinity,
    maxInstancesPerHost: perHost === 0 && antiAffinity ? 1 : perHost,
    maxImpactedMembers: fields.integer('max_impacted_members', 0, MOST) ?? 1,
    maxImpactedTable: impacted ?? [],
    minPreservedTable: preserved ?? [],
    recoveryTimeS: secondsOf(fields, 'min_recovery_time_between_impacts', 'recovery_time') ?? 0,
    leadTimeS: secondsOf(fields, 'impact_notification_lead_time'),
    resourceMitigation: mitigationOf(fields) ?? false,
    notifyStates: fields.choices('notify_states', NOTIFIED) ?? [],
  };
  const record = {
    group_id: groupId,
    // Only stored: the owner is the project of the token (v1 §1.3 i).
    project_id: fields.text('project_id', MOST_ID),
    group_name: fields.text('group_name', MOST_NAME),
    anti_affinity_group: antiAffinity,
    max_instances_per_host: perHost,
    max_impacted_members: limits.maxImpactedMembers,
    recovery_time: limits.recoveryTimeS,
    resource_mitigation: limits.resourceMitigation,
    notify_states: limits.notifyStates,
    ...extensions(fields, impacted, preserved),
  };
  return { constraints: { ...owner, ...limits, record }, conversions: fields.conversions };
}

function extensions(
  fields: TolerantFields,
  impacted: readonly SizedLimit[] | null,
  preserved: readonly SizedLimit[] | null,
): object {
  return given({
    impact_notification_lead_time: fields.duration('impact_notification_lead_time', DAY_S),
    is_impact_mitigation_requested: fields.flag('is_impact_mitigation_requested'),
    min_recovery_time_between_impacts: fields.duration('min_recovery_time_between_impacts', DAY_S),
    [MAX_IMPACTED]: impacted && sizedView(impacted, MAX_IMPACTED),
    [MIN_PRESERVED]: preserved && sizedView(preserved, MIN_PRESERVED),
  });
}
