import type { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import type { RemoteException } from './remote-error.js';
import type { ReceivedReply, ReplyAddress } from './rpc-message.js';

/** The wait for the reply to one call. */
export class ReplyWaiter {
  readonly result: Promise<unknown>;
  private resolve!: (result: unknown) => void;
  private reject!: (error: unknown) => void;
  private readonly stopExpiry: () => void;
  private stopMonitor: () => void = () => undefined;
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
    this.stopExpiry = clock.after(timeoutMs, () => this.timeOut());
    if (address.monitorTimeoutS !== null) this.monitor(address.monitorTimeoutS * 1000);
  }

  onReply(reply: ReceivedReply): void {
    this.lastSignMs = this.clock.monotonicMs();
    // The old form sends the value first and an empty ending after it.
    this.value = reply.result ?? this.value;
    if (reply.failure) this.fail(this.restore(reply.failure));
    else if (reply.ending) this.succeed();
  }

  fail(error: unknown): void {
    this.stopTimers();
    this.reject(error);
  }

  private succeed(): void {
    this.stopTimers();
    this.resolve(this.value);
  }

  private monitor(silenceMs: number): void {
    const silentForMs = this.clock.monotonicMs() - this.lastSignMs;
    if (silentForMs >= silenceMs) this.timeOut();
    else this.stopMonitor = this.clock.after(silenceMs - silentForMs, () => this.monitor(silenceMs));
  }

  private stopTimers(): void {
    this.stopExpiry();
    this.stopMonitor();
  }

  private timeOut(): void {
    const message = `Timed out waiting for a reply to message ID ${this.address.msgId}`;
    this.fail(new FenixError('transient', 'rpc-timeout', message, { inDoubt: true }));
  }
}
