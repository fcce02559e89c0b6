import type { NoticeState } from '../../model/index.js';
import { ConstraintBook } from '../../workflow/constraint-book.js';
import { inform } from '../../workflow/notices.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';
import { openNotice } from './notices.js';

/** Of an instance on `host`, told only where its group opted in: existing managers fail on any state they do not know (v1 §2.2). */
export async function tellOptedIn(
  session: SessionContext,
  unit: Unit,
  state: Extract<NoticeState, 'INSTANCE_ACTION_FALLBACK' | 'INSTANCE_ACTION_FAILED'>,
  about: { readonly instanceId: string; readonly projectId: string; readonly host: string },
): Promise<void> {
  const { instanceConstraints, groupConstraints } = session.repositories;
  const { instanceId, projectId, host } = about;
  const records = await instanceConstraints.forInstances([instanceId], unit.tx);
  const groupIds = records.flatMap(({ groupId }) => (groupId === null ? [] : [groupId]));
  const groups = await groupConstraints.forGroups([...new Set(groupIds)], unit.tx);
  const group = new ConstraintBook(records, groups, () => projectId).groupOf(instanceId);
  if (group?.notifyStates.includes(state)) await openNotice(session, unit, inform(state, projectId, instanceId, host));
}
