import type { OpenNotice } from '../../db/notice-repository.js';
import type { NoticeState } from '../../model/index.js';
import { impossible } from '../errors.js';
import type { ParsedReply } from '../schemas/reply.js';

/** Tell and expect nothing: an answer to one of these is accepted and ignored (v1 §2.2). */
const INFORMING: readonly NoticeState[] = [
  'INSTANCE_ACTION_DONE',
  'INSTANCE_ACTION_FALLBACK',
  'INSTANCE_ACTION_FAILED',
];

/**
 * Which of its addressee's open notices a reply answers: those with its state, whatever the session's state is (v1 §2.3).
 * @param open those to the instance on an instance's URL, on the project's URL those to the project
 */
export function matching(open: readonly OpenNotice[], reply: ParsedReply): OpenNotice[] {
  return open.filter(
    (notice) =>
      notice.state === (reply.state ?? notice.state) && !INFORMING.includes(notice.state) && !isLate(notice, reply),
  );
}

/** It names instances, but none of the notice's: an answer to an earlier round. */
function isLate(notice: OpenNotice, { instanceActions, instanceAction }: ParsedReply): boolean {
  const named = Object.keys(instanceActions);
  if (notice.instanceId !== null || instanceAction !== null || named.length === 0) return false;
  return !named.some((id) => notice.instanceIds.includes(id));
}

export interface Answers {
  readonly instanceActions: Readonly<Record<string, string>>;
  readonly instanceAction: string | null;
}

/**
 * What was chosen for the notices' instances; ids that are in none are left out.
 * @throws Refusal 422 for an action that a notice does not allow
 */
export function answersOf(reply: ParsedReply, notices: readonly OpenNotice[]): Answers {
  for (const { allowedActions, instanceIds } of notices) {
    const allowed: readonly string[] = allowedActions;
    const refuse = (field: string, action: string): never => {
      const choice = allowed.length === 0 ? 'none is allowed' : `allowed are ${allowed.join(', ')}`;
      throw impossible('action-not-allowed', field, `${JSON.stringify(action)} is not allowed here: ${choice}.`);
    };
    const { instanceAction } = reply;
    if (instanceAction !== null && !allowed.includes(instanceAction)) refuse('instance_action', instanceAction);
    for (const [id, action] of Object.entries(reply.instanceActions)) {
      if (!allowed.includes(action) && instanceIds.includes(id)) refuse(`instance_actions.${id}`, action);
    }
  }
  const entries = Object.entries(reply.instanceActions);
  const ids = entries.length === 0 ? undefined : new Set(notices.flatMap(({ instanceIds }) => instanceIds));
  const chosen = entries.filter(([id]) => ids?.has(id));
  return { instanceActions: Object.fromEntries(chosen), instanceAction: reply.instanceAction };
}
