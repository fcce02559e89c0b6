import type { Server } from '../cloud-port.js';
import { replyWindow } from '../reply-window.js';
import type { SessionView } from '../view.js';

/** Less than that and nobody could answer in time (v1 §2.4). */
const SHORTEST_S = 10;

/** From the notice about one instance to its action, seconds: its record's, its group's, else the project's window. */
export function leadTimeOf(view: SessionView, { id, projectId }: Server): number {
  const own = view.constraints.instance(id)?.leadTimeS ?? view.constraints.groupOf(id)?.leadTimeS;
  return Math.max(SHORTEST_S, own ?? replyWindow(view, 'project_maintenance_reply', projectId));
}
