export const ALARM_TYPES = [
  'event',
  'threshold',
  'composite',
  'gnocchi_resources_threshold',
  'gnocchi_aggregation_by_metrics_threshold',
  'gnocchi_aggregation_by_resources_threshold',
] as const;
export type AlarmType = (typeof ALARM_TYPES)[number];

/** An alarm, with Aodh's names. */
export interface Alarm {
  readonly alarm_id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly ok_actions: readonly string[];
  readonly alarm_actions: readonly string[];
  readonly insufficient_data_actions: readonly string[];
  readonly repeat_actions: boolean;
  readonly type: AlarmType;
  readonly project_id: string;
  readonly user_id: string;
  readonly timestamp: Date;
  readonly severity: string;
  /** fnmatch pattern over event types; of event alarms only. */
  readonly eventType: string;
  state: 'insufficient data' | 'alarm' | 'ok';
  state_reason: string;
  state_timestamp: Date;
}

/** Aodh's alarms of all projects. */
export class AlarmStore {
  private readonly byId = new Map<string, Alarm>();

  all(): readonly Alarm[] {
    return [...this.byId.values()];
  }

  get(id: string): Alarm | undefined {
    return this.byId.get(id);
  }

  add(alarm: Alarm): void {
    this.byId.set(alarm.alarm_id, alarm);
  }

  remove(id: string): void {
    this.byId.delete(id);
  }
}
