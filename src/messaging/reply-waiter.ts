import type { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import type { RemoteException } from './remote-error.js';
import type { ReceivedReply, ReplyAddress } from './rpc-message.js';

/** The wait for the reply to one call. */
export class ReplyWaiter {
  readonly result: Promise<unknown>;
  private readonly timers = new AbortController();
  private resolve!: (result: unknown) => void;
  private reject!: (error: unknown) => void;
  private value: unknown = null;
  private lastSignMs: number;

  /** Starts counting at once: the time-out holds for publishing as well. */
  constructor(
    private readonly clock: MachineClock,
    private readonly address: ReplyAddress,
    timeoutMs: number,
    private readonly restore: (failure: RemoteException) => Error,
  ) {
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.lastSignMs = clock.monotonicMs();
    // Timers end by abort only when the wait is over.
    this.expire(timeoutMs).catch(() => undefined);
    if (address.monitorTimeoutS !== null) this.monitor(address.monitorTimeoutS * 1000).catch(() => undefined);
  }

  onReply(reply: ReceivedReply): void {
    this.lastSignMs = this.clock.monotonicMs();
    // The old form sends the value first and an empty ending after it.
    this.value = reply.result ?? this.value;
    if (reply.failure) this.fail(this.restore(reply.failure));
    else if (reply.ending) this.succeed();
  }

  fail(error: unknown): void {
    this.timers.abort();
    this.reject(error);
  }

  private succeed(): void {
    this.timers.abort();
    this.resolve(this.value);
  }

  private async expire(timeoutMs: number): Promise<void> {
    await this.clock.sleepMs(timeoutMs, this.timers.signal);
    this.timeOut();
  }

  private async monitor(silenceMs: number): Promise<void> {
    for (;;) {
      const silentFor = this.clock.monotonicMs() - this.lastSignMs;
      if (silentFor >= silenceMs) return this.timeOut();
      await this.clock.sleepMs(silenceMs - silentFor, this.timers.signal);
    }
  }

  private timeOut(): void {
    const message = `Timed out waiting for a reply to message ID ${this.address.msgId}`;
    this.fail(new FenixError('transient', 'rpc-timeout', message, { inDoubt: true }));
  }
}
