import { fnmatch } from '../common/fnmatch.js';
import type { FleetPlan, FleetSnapshot } from '../planner/fleet.js';
import { hasOneOf } from '../workflow/running/asked-if.js';
import type { WorkflowTools } from '../workflow/view.js';
import type { SessionContext } from './context.js';
import type { LearnedWatch } from './learned.js';

/** What is decided is kept with what it was decided from, before anything of it is carried out (L8). */
async function keptPlan(session: SessionContext, snapshot: FleetSnapshot): Promise<FleetPlan> {
  const { planner, repositories, sessionId, writer, settings } = session;
  const { keptPlans } = settings;
  const { plan, packed } = await planner.planFleet(snapshot, keptPlans > 0);
  if (packed !== undefined) {
    await writer.commit(({ now, tx }) => repositories.fleetPlans.keep({ sessionId, at: now, packed }, keptPlans, tx));
  }
  return plan;
}

/** What handlers may ask for beyond their view; plug-ins as they are then, those that are downloaded as well. */
export function workflowTools(session: SessionContext, learned: LearnedWatch): WorkflowTools {
  const { planner, cloud } = session;
  return {
    aggregates: () => cloud.aggregates(),
    ironicHosts: () => cloud.ironicHosts(),
    hasCheck: ({ plugin, metadata }) => {
      const { check, checkIf } = session.plugins.action(plugin);
      return check !== undefined && hasOneOf(metadata, checkIf);
    },
    removes: ({ plugin, metadata }, host) => session.plugins.action(plugin).removes?.(metadata, host) === true,
    planHost: (snapshot) => planner.planHost(snapshot),
    planFleet: (snapshot) => keptPlan(session, snapshot),
    durations: () => learned.read(),
    projectsWithManager: async (projectIds) => {
      const alarms = (await cloud.eventAlarms()).filter(({ eventType }) => fnmatch(eventType, 'maintenance.scheduled'));
      const subscribed = new Set(alarms.map(({ projectId }) => projectId));
      return new Set(projectIds.filter((id) => subscribed.has(id)));
    },
  };
}
