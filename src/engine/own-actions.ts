import { plusSeconds } from '../common/clock.js';
import { NO_RESOURCES } from '../model/index.js';
import { groupIdOf, groupOf } from '../workflow/groups.js';
import type { SessionView } from '../workflow/view.js';
import type { SessionContext } from './context.js';
import type { Unit } from './session-writer.js';

/**
 * Some managers act first and answer afterwards: an instance that leaves its host while a notice about it is open is the
 * own action itself, and its group rests as after any other (v1 §5.3 V9).
 * @param from the host that it left
 */
export async function noteOwnAction(
  { repositories, sessionId }: SessionContext,
  unit: Unit,
  view: SessionView,
  instanceId: string,
  from: string,
): Promise<void> {
  const notice = view.notices.findLast(({ host, instanceIds }) => host === from && instanceIds.includes(instanceId));
  if (notice === undefined || notice.replyAt === null) return;
  const isOurs = view.effects.some(({ kind, subject, intent }) => {
    return kind === 'move' && subject === instanceId && intent.from === from;
  });
  if (
    isOurs ||
    (await repositories.impacts.list(sessionId, unit.tx)).some((known) => known.instanceId === instanceId)
  ) {
    return;
  }
  const record = await repositories.instances.find(sessionId, instanceId, unit.tx);
  if (record === undefined) return;
  const { projectId, groupId } = record;
  // A group of which nobody is left limits nothing.
  const member = view.cloud.servers.find((server) => groupIdOf(view, server) === groupId);
  const group = member && groupOf(view, member);
  const impact = { sessionId, instanceId, attempt: 0, projectId, groupId, action: 'OWN_ACTION', sourceHost: from };
  const times = { startedAt: unit.now, endedAt: unit.now };
  const recoveredAt = plusSeconds(unit.now, group?.recoveryTimeS ?? 0);
  await repositories.impacts.insert({ ...impact, ...NO_RESOURCES, targetHost: null, ...times, recoveredAt }, unit.tx);
  unit.tell('own-action-seen', { instance: instanceId, from });
}
