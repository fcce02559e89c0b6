import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from './errors.js';

/** What is counted together. */
export type LimitKind = 'replies' | 'constraints';

const WINDOW_S = 60;

/** So many requests of one kind a project may send a minute, to this process; the rest is told when to come again. */
export class RateLimits {
  private readonly limiters = new Map<LimitKind, RateLimiterMemory>();

  /** @param perMinute 0 = no limit */
  constructor(perMinute: Readonly<Record<LimitKind, number>>) {
    for (const [kind, points] of Object.entries(perMinute) as [LimitKind, number][]) {
      if (points > 0) this.limiters.set(kind, new RateLimiterMemory({ points, duration: WINDOW_S }));
    }
  }

  /** @throws Refusal 429 with Retry-After */
  async take(kind: LimitKind, projectId: string): Promise<void> {
    try {
      await this.limiters.get(kind)?.consume(projectId);
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      throw new Refusal(429, 'rate-limited', `Too many ${kind} of this project; try again later.`, {
        retryAfterS: Math.max(1, thrown.msBeforeNext / 1000),
      });
    }
  }
}
