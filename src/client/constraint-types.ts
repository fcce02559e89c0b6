import type { InstanceAction, MigrationChoice, NoticeState } from '../model/index.js';

/** A duration in seconds, or TOSCA text as in `30 s`. */
export type Duration = number | string;

/** Attributes of ETSI NFV SOL001 that both objects take. */
interface EtsiTimes {
  readonly impact_notification_lead_time?: Duration;
  readonly is_impact_mitigation_requested?: boolean;
}

/** Body of PUT /v1/instance/{instance_id} (fenix-v1 §4); what is left out gets its default. */
export interface InstanceConstraintsBody extends EtsiTimes {
  readonly instance_id?: string;
  /** Only for information, like `instance_name`: the owner is the token's project. */
  readonly project_id?: string | null;
  readonly instance_name?: string | null;
  readonly group_id?: string | null;
  readonly max_interruption_time?: number;
  readonly migration_type?: InstanceAction;
  readonly resource_mitigation?: boolean;
  readonly lead_time?: number;
  readonly supported_migration_type?: readonly MigrationChoice[];
  readonly max_undetectable_interruption_time?: Duration;
}

/** Body of PUT /v1/instance_group/{group_id}. */
export interface GroupConstraintsBody extends EtsiTimes {
  readonly group_id?: string;
  readonly project_id?: string | null;
  readonly group_name?: string | null;
  readonly anti_affinity_group?: boolean;
  readonly max_instances_per_host?: number;
  readonly max_impacted_members?: number;
  readonly recovery_time?: number;
  readonly resource_mitigation?: boolean;
  readonly notify_states?: readonly NoticeState[];
  readonly min_recovery_time_between_impacts?: Duration;
  readonly max_number_of_impacted_instances?: readonly {
    readonly group_size?: number;
    readonly max_number_of_impacted_instances: number;
  }[];
  readonly min_number_of_preserved_instances?: readonly {
    readonly group_size?: number;
    readonly min_number_of_preserved_instances: number;
  }[];
}

/** As answered: v1's keys with defaults filled in, ETSI's where they were given. */
export type InstanceConstraintsAnswer = InstanceConstraintsBody &
  Required<Omit<InstanceConstraintsBody, InstanceExtra>>;
export type GroupConstraintsAnswer = GroupConstraintsBody & Required<Omit<GroupConstraintsBody, GroupExtra>>;

type InstanceExtra = keyof EtsiTimes | 'supported_migration_type' | 'max_undetectable_interruption_time';
type GroupExtra =
  | keyof EtsiTimes
  | 'min_recovery_time_between_impacts'
  | 'max_number_of_impacted_instances'
  | 'min_number_of_preserved_instances';

/** All keys that a body may have. The API takes no notice of others, so that a mistyped limit would be none. */
export const INSTANCE_KEYS = keysOf<InstanceConstraintsBody>({
  instance_id: true,
  project_id: true,
  instance_name: true,
  group_id: true,
  max_interruption_time: true,
  migration_type: true,
  resource_mitigation: true,
  lead_time: true,
  impact_notification_lead_time: true,
  is_impact_mitigation_requested: true,
  supported_migration_type: true,
  max_undetectable_interruption_time: true,
});

/** The same of a group's. */
export const GROUP_KEYS = keysOf<GroupConstraintsBody>({
  group_id: true,
  project_id: true,
  group_name: true,
  anti_affinity_group: true,
  max_instances_per_host: true,
  max_impacted_members: true,
  recovery_time: true,
  resource_mitigation: true,
  notify_states: true,
  impact_notification_lead_time: true,
  is_impact_mitigation_requested: true,
  min_recovery_time_between_impacts: true,
  max_number_of_impacted_instances: true,
  min_number_of_preserved_instances: true,
});

/** A record, so that the compiler tells of a key that is missing. */
function keysOf<T>(keys: Readonly<Record<keyof T, true>>): readonly string[] {
  return Object.keys(keys);
}
