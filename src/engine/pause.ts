import type { Wake } from '../common/wake.js';
import type { SessionContext } from './context.js';

/** Until woken, or `until` has come. */
export async function pauseUntil(
  { clock, stopping }: Pick<SessionContext, 'clock' | 'stopping'>,
  wake: Wake,
  until: Date,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([stopping, ended.signal]);
  try {
    await Promise.race([wake.wait(signal), clock.sleep(until, signal).catch(() => undefined)]);
  } finally {
    ended.abort();
  }
}
