import { policyFor } from '../model/index.js';
import type { Decision } from './decisions.js';
import type { SessionView, WorkflowTools } from './view.js';

/**
 * Projects that were not told anything yet, have nobody who listens, and by whose policy that ends the session
 * (v1 §3.5 `no_manager`).
 */
export async function withoutManager(
  view: SessionView,
  tools: WorkflowTools,
  projectIds: readonly string[],
): Promise<string[]> {
  const untold = projectIds.filter((id) => !view.notices.some((notice) => notice.projectId === id));
  const strict = untold.filter((id) => !proceeds(view, id));
  if (strict.length === 0) return [];
  const managed = await tools.projectsWithManager(strict);
  return strict.filter((id) => !managed.has(id));
}

/** Notices to projects that have nobody who listens count as acknowledged where policy says `proceed`. */
export async function assumeUnmanaged(
  view: SessionView,
  tools: WorkflowTools,
  decisions: readonly Decision[],
): Promise<Decision[]> {
  const asked = decisions.flatMap((decision) => (decision.kind === 'open-notice' ? [decision.projectId] : []));
  const lenient = asked.filter((id) => proceeds(view, id));
  if (lenient.length === 0) return [...decisions];
  const managed = await tools.projectsWithManager(lenient);
  return decisions.map((decision) =>
    decision.kind === 'open-notice' && lenient.includes(decision.projectId) && !managed.has(decision.projectId)
      ? { ...decision, assumed: true }
      : decision,
  );
}

function proceeds({ session, settings }: SessionView, projectId: string): boolean {
  return policyFor('no_manager', session.policy, settings.policy, projectId) === 'proceed';
}
