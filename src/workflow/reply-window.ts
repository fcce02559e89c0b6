import { policyFor } from '../model/index.js';
import type { SessionView } from './view.js';

/** How long a project has for its answer, seconds: by its own policy, the session's, else the option (v1 §2.4). */
export function replyWindow(
  { session, settings }: SessionView,
  option: 'project_maintenance_reply' | 'project_scale_in_reply',
  projectId: string,
): number {
  const common =
    option === 'project_maintenance_reply' ? settings.projectMaintenanceReplyS : settings.projectScaleInReplyS;
  return policyFor(option, session.policy, {}, projectId) ?? common;
}
