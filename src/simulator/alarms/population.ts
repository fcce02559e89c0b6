import type { Cloud } from '../cloud.js';
import type { TopologyAlarm } from '../topology.js';
import type { AlarmStore } from './store.js';

/** Alarms that are there before any manager makes its own. */
export function addTopologyAlarms(cloud: Cloud, store: AlarmStore, alarms: readonly TopologyAlarm[]): void {
  for (const { name, project: projectName, type, eventType = '*', enabled = true, actions = [] } of alarms) {
    const user = cloud.users.find(({ project }) => project.name === projectName);
    if (user === undefined) continue; // cannot be: the topology was checked
    store.add({
      alarm_id: cloud.newUuid(),
      name,
      description: `Alarm of type ${type}.`,
      enabled,
      ok_actions: [],
      alarm_actions: actions,
      insufficient_data_actions: [],
      repeat_actions: true,
      type,
      project_id: user.project.id,
      user_id: user.id,
      timestamp: cloud.now(),
      severity: 'low',
      eventType,
      state: 'insufficient data',
      state_reason: 'Not evaluated yet',
      state_timestamp: cloud.now(),
    });
  }
}
