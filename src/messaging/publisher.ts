import type { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import type { Broker, OutgoingMessage } from './broker.js';

/** What must be there before a message is published. */
export interface Prerequisite {
  /** Same key = same declarations: they are made once. */
  readonly key: string;
  /** Whether they make the message routable: if it is not, they have been undone meanwhile. */
  readonly bindsQueue: boolean;
  declare(): Promise<void>;
}

/** Publishes with a time-out, after declaring once what the message needs. */
export class Publisher {
  private readonly declared = new Map<string, Promise<void>>();

  constructor(
    private readonly broker: Broker,
    private readonly clock: MachineClock,
  ) {}

  /**
   * Resolves when the broker has confirmed. What was declared may have gone meanwhile (an auto-delete exchange with its
   * last listener, a queue deleted by an operator): then it is declared again, once, as nothing was delivered yet.
   * Rejects with `publish-timeout` after `timeoutMs`, in doubt unless the message had not left.
   */
  async publish(message: OutgoingMessage, timeoutMs: number, needs?: Prerequisite): Promise<void> {
    let left = false;
    let isLate = false;
    const work = async (): Promise<void> => {
      if (needs) await this.ensure(needs);
      // The caller was told that nothing left, and may have sent it again.
      if (isLate) return;
      left = true;
      await this.broker.publish(message).catch(async (thrown: unknown) => {
        if (!needs || !wasUndone(needs, thrown)) throw thrown;
        this.declared.delete(needs.key);
        await this.ensure(needs);
        await this.broker.publish(message);
      });
    };
    await withTimeout(this.clock, timeoutMs, work(), () => {
      isLate = true;
      return publishTimeout(timeoutMs, left);
    });
  }

  private ensure(needs: Prerequisite): Promise<void> {
    const known = this.declared.get(needs.key);
    if (known) return known;
    const declaring = needs.declare();
    this.declared.set(needs.key, declaring);
    declaring.catch(() => this.declared.delete(needs.key));
    return declaring;
  }
}

/** The outcome of `work`, or a rejection with `onTimeout()` when machine time `ms` has passed. */
export async function withTimeout<T>(
  clock: MachineClock,
  ms: number,
  work: Promise<T>,
  onTimeout: () => Error,
): Promise<T> {
  const timer = new AbortController();
  const expired = clock.sleepMs(ms, timer.signal).then(() => Promise.reject(onTimeout()));
  try {
    return await Promise.race([work, expired]);
  } finally {
    expired.catch(() => undefined);
    timer.abort();
  }
}

function wasUndone(needs: Prerequisite, thrown: unknown): boolean {
  if (!(thrown instanceof FenixError)) return false;
  return thrown.code === 'no-exchange' || (thrown.code === 'unroutable' && needs.bindsQueue);
}

function publishTimeout(timeoutMs: number, inDoubt: boolean): FenixError {
  const message = `The broker did not confirm within ${timeoutMs} ms.`;
  return new FenixError('transient', 'publish-timeout', message, { inDoubt });
}
