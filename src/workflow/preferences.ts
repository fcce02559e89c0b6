import type { InstanceAction, Notice } from '../model/index.js';
import type { SessionView } from './view.js';

/** How the instance leaves its host when its project names no action: its record's first choice, else MIGRATE. */
export function preferredAction(view: Pick<SessionView, 'constraints'>, instanceId: string): InstanceAction {
  const [first] = view.constraints.instance(instanceId)?.migrationTypes ?? [];
  return first === undefined || first === 'NO_MIGRATION' ? 'MIGRATE' : first;
}

/** The preferred action of every instance of a notice that offers actions. */
export function preferredActions(view: SessionView, notice: Notice): Record<string, InstanceAction> {
  if (notice.allowedActions.length === 0) return {};
  return Object.fromEntries(notice.instanceIds.map((id) => [id, preferredAction(view, id)]));
}
