import type { Notice } from './notice.js';

/** What a deferral makes of an open notice. */
export type Deferral = Pick<Notice, 'deferredS' | 'replyAt' | 'actionsAt'>;

/**
 * A project asks for `seconds` more (v1 §2.4, defer): reply_at moves by what is granted and actions_at as far. In sum a
 * notice is deferred by `mostS` at most, repeats included; what exceeds that is cut.
 */
export function deferralOf(notice: Deferral, seconds: number, mostS: number): Deferral {
  const grantedS = Math.max(0, Math.min(seconds, mostS - notice.deferredS));
  return {
    deferredS: notice.deferredS + grantedS,
    replyAt: later(notice.replyAt, grantedS),
    actionsAt: later(notice.actionsAt, grantedS),
  };
}

function later(at: Date | null, seconds: number): Date | null {
  return at && new Date(at.getTime() + seconds * 1000);
}
