import { hasOneOf } from '../workflow/running/asked-if.js';
import type { WorkflowTools } from '../workflow/view.js';
import type { SessionContext } from './context.js';
import { fnmatch } from './fnmatch.js';
import { learnedDurations } from './learned.js';

/** What handlers may ask for beyond their view. */
export function workflowTools({ planner, cloud, plugins, repositories, sessionId }: SessionContext): WorkflowTools {
  return {
    aggregates: () => cloud.aggregates(),
    ironicHosts: () => cloud.ironicHosts(),
    hasCheck: ({ plugin, metadata }) => {
      const { check, checkIf } = plugins.action(plugin);
      return check !== undefined && hasOneOf(metadata, checkIf);
    },
    planHost: (snapshot) => planner.planHost(snapshot),
    planFleet: (snapshot) => planner.planFleet(snapshot),
    durations: () => learnedDurations(repositories, sessionId),
    projectsWithManager: async (projectIds) => {
      const alarms = (await cloud.eventAlarms()).filter(({ eventType }) => fnmatch(eventType, 'maintenance.scheduled'));
      const subscribed = new Set(alarms.map(({ projectId }) => projectId));
      return new Set(projectIds.filter((id) => subscribed.has(id)));
    },
  };
}
