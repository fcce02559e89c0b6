import type { Decision } from '../../workflow/decisions.js';
import { serverOf } from '../../workflow/server-index.js';
import type { SessionView } from '../../workflow/view.js';

/** The host that a decision is about. */
export function hostsOf(decision: Decision, view: SessionView): string[] {
  if ('host' in decision) return decision.host == null ? [] : [decision.host];
  if (decision.kind !== 'move-instance') return [];
  const server = serverOf(view.cloud, decision.instanceId);
  return server?.host == null ? [] : [server.host];
}
