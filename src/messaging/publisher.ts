import type { MachineClock } from '../common/clock.js';
import { FenixError, messageOf } from '../common/errors.js';
import { unlessAborted } from '../common/unless-aborted.js';
import type { Broker, OutgoingMessage } from './broker.js';
import { unsent } from './broker-errors.js';

/** What must be there before a message is published. */
export interface Prerequisite {
  /** Same key = same declarations: they are made once. */
  readonly key: string;
  /** Whether they make the message routable: if it is not, they have been undone meanwhile. */
  readonly bindsQueue: boolean;
  declare(): Promise<void>;
}

export interface PublishingOptions {
  /** For everything: declaring, waiting for a connection, the broker's word. */
  readonly limit: Limit;
  readonly needs?: Prerequisite;
  /** Whether it may arrive twice: then it is published again until it is confirmed. */
  readonly mayRepeat?: boolean;
}

/** Milliseconds of machine time, or a signal that nobody is interested any more. */
export type Limit = number | AbortSignal;

/** Between repeats, of which the first comes at once. */
const REPEAT_MS = 250;

/** Publishes with a time-out, after declaring once what the message needs. */
export class Publisher {
  /** Under way or done. */
  private readonly declared = new Map<string, Promise<void> | true>();

  constructor(
    private readonly broker: Broker,
    private readonly clock: MachineClock,
  ) {}

  /**
   * Resolves when the broker has confirmed. What was declared may have gone meanwhile (an auto-delete exchange with its
   * last listener, a queue deleted by an operator): then it is declared again, as nothing was delivered yet. Rejects with
   * `publish-timeout` at the limit, in doubt if the message may have left.
   */
  async publish(message: OutgoingMessage, options: PublishingOptions): Promise<void> {
    const attempt: Attempt = { inDoubt: false, isLate: false };
    try {
      await withLimit(this.clock, options.limit, (signal) => this.publishWith(message, options, signal, attempt));
    } catch (thrown) {
      if (!attempt.isLate) throw thrown;
      const why = `The broker did not confirm in time. ${messageOf(thrown)}`;
      throw new FenixError('transient', 'publish-timeout', why, { inDoubt: attempt.inDoubt });
    }
  }

  private async publishWith(
    message: OutgoingMessage,
    { needs, mayRepeat = false }: PublishingOptions,
    signal: AbortSignal,
    attempt: Attempt,
  ): Promise<void> {
    let mayDeclareAgain = needs !== undefined;
    for (let repeats = 0; ; ) {
      try {
        if (needs && !this.isDeclared(needs)) {
          const late = () => unsent(this.broker.trouble ?? 'what it needs was not declared in time');
          await unlessAborted(this.declare(needs), signal, late);
        }
        return await this.broker.publish(message, { signal });
      } catch (thrown) {
        const error = thrown instanceof FenixError ? thrown : undefined;
        attempt.inDoubt ||= error?.inDoubt ?? true;
        attempt.isLate = signal.aborted;
        if (attempt.isLate) throw thrown;
        if (needs && mayDeclareAgain && wasUndone(needs, error)) {
          this.declared.delete(needs.key);
          mayDeclareAgain = false;
        } else if (mayRepeat && error?.code === 'unconfirmed') {
          mayDeclareAgain = true;
          if (repeats++ > 0) await this.clock.sleepMs(REPEAT_MS, signal).catch(() => undefined);
        } else throw thrown;
      }
    }
  }

  private isDeclared({ key }: Prerequisite): boolean {
    return this.declared.get(key) === true;
  }

  private declare({ key, declare }: Prerequisite): Promise<void> {
    const known = this.declared.get(key);
    if (known instanceof Promise) return known;
    const declaring = declare();
    this.declared.set(key, declaring);
    declaring.then(
      () => this.declared.set(key, true),
      () => this.declared.delete(key),
    );
    return declaring;
  }
}

interface Attempt {
  inDoubt: boolean;
  isLate: boolean;
}

/** Runs `work` with a signal that aborts at the limit. */
export async function withLimit<T>(
  clock: MachineClock,
  limit: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (typeof limit !== 'number') return work(limit);
  const late = new AbortController();
  const stop = clock.after(limit, () => late.abort());
  try {
    return await work(late.signal);
  } finally {
    stop();
  }
}

function wasUndone(needs: Prerequisite, error: FenixError | undefined): boolean {
  return error?.code === 'no-exchange' || (error?.code === 'unroutable' && needs.bindsQueue);
}
