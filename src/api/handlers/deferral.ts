import type { OpenNotice } from '../../db/notice-repository.js';
import { type Deferral, deferralOf, type Reply } from '../../model/index.js';
import { timeOrNull } from './view.js';

/**
 * What a notice becomes when its project asks for more time, after the replies that its session's owner has not
 * consumed yet; undefined when one of those answers it, so that there is nothing left to defer.
 * @param unread replies of the session, oldest first
 */
export function deferralAfter(
  notice: OpenNotice,
  unread: readonly Reply[],
  seconds: number,
  mostS: number,
): Deferral | undefined {
  let deferral: Deferral = notice;
  for (const { projectId, instanceId, state, deferSeconds } of unread) {
    if (projectId !== notice.projectId || instanceId !== notice.instanceId) continue;
    if (state === `ACK_${notice.state}` || state === `NACK_${notice.state}`) return undefined;
    if (state === `DEFER_${notice.state}`) deferral = deferralOf(deferral, deferSeconds ?? 0, mostS);
  }
  return deferralOf(deferral, seconds, mostS);
}

/** What the answer to a deferral adds to the request's body (v1 §2.4). */
export function deferralView({ replyAt, actionsAt }: Deferral): object {
  return { reply_at: timeOrNull(replyAt), actions_at: timeOrNull(actionsAt) };
}
