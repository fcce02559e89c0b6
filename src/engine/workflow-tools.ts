import type { WorkflowTools } from '../workflow/view.js';
import type { SessionContext } from './context.js';

/** What handlers may ask for beyond their view. */
export function workflowTools({ planner, cloud }: SessionContext): WorkflowTools {
  return {
    planHost: (snapshot) => planner.planHost(snapshot),
    projectsWithManager: async (projectIds) => {
      const alarms = (await cloud.eventAlarms()).filter(({ eventType }) => matches(eventType, 'maintenance.scheduled'));
      const subscribed = new Set(alarms.map(({ projectId }) => projectId));
      return new Set(projectIds.filter((id) => subscribed.has(id)));
    },
  };
}

/** Python's fnmatch: `*`, `?`, `[abc]`, `[!abc]`; an alarm's event_type is such a pattern (Aodh). */
export function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1)
      return `[${part[1] === '!' ? `^${part.slice(2, -1)}` : part.slice(1, -1)}]`.replace(/\\/g, '\\\\');
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^(?:${source})$`, 's').test(text);
}
