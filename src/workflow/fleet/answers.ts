import { plusSeconds } from '../../common/clock.js';
import { isThrough, type Notice, type SessionHost } from '../../model/index.js';
import { chase, plainWindow, troubleWith, type Window } from '../notices.js';
import { replyWindow } from '../reply-window.js';
import { resolveTrouble } from '../trouble.js';
import type { SessionView } from '../view.js';
import type { Gathered } from './gathered.js';
import type { FleetIndex } from './index-of-view.js';
import { leadTimeOf } from './lead-time.js';

/** Goes after every notice of a rolling session that is open, or was refused or not answered. */
export function followNotices(view: SessionView, index: FleetIndex, gathered: Gathered): void {
  const hosts = new Map(view.hosts.map((host) => [host.hostname, host]));
  for (const notice of view.notices) {
    if (notice.state === 'SCALE_IN') followScaleIn(view, gathered, notice);
    else if (notice.host === null) closeWhenGone(index, gathered, notice);
    else followInstance(view, index, gathered, notice, hosts.get(notice.host));
  }
}

function followScaleIn(view: SessionView, gathered: Gathered, notice: Notice): void {
  if (notice.outcome === 'nack' || notice.outcome === 'silent') {
    gathered.take(resolveTrouble(view, troubleWith(notice, [])));
    return;
  }
  if (notice.closedAt !== null) return;
  const next = chase(view, { repeats: Math.min(1, view.settings.notifyRetries), window: scaleInWindow(view) }, notice);
  if (next !== undefined) gathered.decide(next);
}

/** Of a project that has retired, nobody waits for an answer to what it was told before (v1 §2.4). */
function closeWhenGone(
  index: FleetIndex,
  gathered: Gathered,
  { noticeId, instanceIds, closedAt, replyAt }: Notice,
): void {
  const isLeft = instanceIds.some((id) => index.server(id) !== undefined);
  if (closedAt === null && replyAt !== null && !isLeft)
    gathered.decide({ kind: 'close-notice', noticeId, outcome: 'gone' });
}

/** Of a SCALE_IN, for its question. */
export function scaleInWindow(view: SessionView): (repeated: boolean, projectId: string) => Window {
  return (_repeated, projectId) => plainWindow(view.now, replyWindow(view, 'project_scale_in_reply', projectId));
}

function followInstance(
  view: SessionView,
  index: FleetIndex,
  gathered: Gathered,
  notice: Notice,
  host: SessionHost | undefined,
): void {
  if (notice.closedAt !== null || notice.replyAt === null) return;
  const { noticeId, instanceId } = notice;
  if (host === undefined || isThrough(host.state)) {
    gathered.decide({ kind: 'close-notice', noticeId, outcome: 'cancelled' });
    return;
  }
  const server = instanceId === null ? undefined : index.server(instanceId);
  // Who has left by itself has done what it was asked about (v1 §5.3 V9).
  if (server === undefined || server.host !== host.hostname) {
    gathered.decide({ kind: 'close-notice', noticeId, outcome: 'gone' });
    return;
  }
  const at = plusSeconds(view.now, leadTimeOf(view, server));
  const question = { repeats: view.settings.notifyRetries, window: () => ({ replyAt: at, actionsAt: at }) };
  const next = chase(view, question, notice);
  if (next !== undefined) gathered.decide(next);
}
