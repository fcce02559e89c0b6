import type { ConstraintOwner, GroupConstraints } from '../../model/index.js';
import {
  checkId,
  DAY_S,
  ETSI_FIELDS,
  given,
  MOST,
  MOST_ID,
  MOST_NAME,
  type ParsedConstraints,
  secondsOf,
  sizedView,
} from './constraint-limits.js';
import { choices, duration, flag, integer, readAll, schemaOf, sizedLimits, text } from './fields.js';
import { fieldsOf } from './tolerant-fields.js';

const MAX_IMPACTED = 'max_number_of_impacted_instances';
const MIN_PRESERVED = 'min_number_of_preserved_instances';

const NOTIFIED = {
  INSTANCE_ACTION_FALLBACK: 'INSTANCE_ACTION_FALLBACK',
  INSTANCE_ACTION_FAILED: 'INSTANCE_ACTION_FAILED',
} as const;

const FIELDS = {
  project_id: text(MOST_ID, "Only stored: the owner is the token's project"),
  group_name: text(MOST_NAME, 'Only stored'),
  anti_affinity_group: flag('Members on different hosts'),
  max_instances_per_host: integer(0, MOST, '0 = no limit, read as 1 with anti-affinity'),
  max_impacted_members: integer(0, MOST, 'At the same time; 0 = none by Fenix; default 1'),
  recovery_time: integer(0, DAY_S, 'Rest after an impact, seconds'),
  resource_mitigation: flag('Whether room for one more member is kept meanwhile'),
  notify_states: choices(NOTIFIED, { least: 0, description: 'What is told besides' }),
  ...ETSI_FIELDS,
  min_recovery_time_between_impacts: duration(DAY_S, 'Wins over recovery_time'),
  [MAX_IMPACTED]: sizedLimits(MAX_IMPACTED, MOST, 'By size of the group; wins over max_impacted_members'),
  [MIN_PRESERVED]: sizedLimits(MIN_PRESERVED, MOST, 'Members that stay in service, by size of the group'),
};
const ID = text(MOST_ID, "Must be the path's");

/** Body of PUT /v1/instance_group/{group_id} (v1 §4.1, §4.2), as the contract has it. */
export const GROUP_BODY = schemaOf({ group_id: ID, ...FIELDS });

/** The same body, with what is tolerated. @throws Refusal 400 naming the field */
export function parseGroupConstraints(
  groupId: string,
  body: unknown,
  owner: ConstraintOwner,
): ParsedConstraints<GroupConstraints> {
  const fields = fieldsOf(body);
  checkId(fields, 'group_id', groupId, MOST_ID);
  const values = readAll(fields, FIELDS);
  const { [MAX_IMPACTED]: impacted, [MIN_PRESERVED]: preserved } = values;
  const antiAffinity = values.anti_affinity_group ?? false;
  const perHost = values.max_instances_per_host ?? 0;
  const limits = {
    groupId,
    antiAffinity,
    maxInstancesPerHost: perHost === 0 && antiAffinity ? 1 : perHost,
    maxImpactedMembers: values.max_impacted_members ?? 1,
    maxImpactedTable: impacted ?? [],
    minPreservedTable: preserved ?? [],
    recoveryTimeS: secondsOf(values.min_recovery_time_between_impacts, values.recovery_time) ?? 0,
    leadTimeS: secondsOf(values.impact_notification_lead_time),
    resourceMitigation: values.is_impact_mitigation_requested ?? values.resource_mitigation ?? false,
    notifyStates: values.notify_states ?? [],
  };
  const record = {
    group_id: groupId,
    // Only stored: the owner is the project of the token (v1 §1.3 i).
    project_id: values.project_id,
    group_name: values.group_name,
    anti_affinity_group: antiAffinity,
    max_instances_per_host: perHost,
    max_impacted_members: limits.maxImpactedMembers,
    recovery_time: limits.recoveryTimeS,
    resource_mitigation: limits.resourceMitigation,
    notify_states: limits.notifyStates,
    ...given({
      impact_notification_lead_time: values.impact_notification_lead_time,
      is_impact_mitigation_requested: values.is_impact_mitigation_requested,
      min_recovery_time_between_impacts: values.min_recovery_time_between_impacts,
      [MAX_IMPACTED]: impacted && sizedView(impacted, MAX_IMPACTED),
      [MIN_PRESERVED]: preserved && sizedView(preserved, MIN_PRESERVED),
    }),
  };
  return { constraints: { ...owner, ...limits, record }, conversions: fields.conversions };
}
