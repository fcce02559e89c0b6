import type { Channel, ConsumeMessage } from 'amqplib';
import type { MachineClock } from '../../common/clock.js';

const WITHIN_MS = 20;
const MOST = 64;

/** Acknowledges deliveries of one channel a little later, many at once: a frame and a system call less for each. */
export class LateAcks {
  private last: ConsumeMessage | undefined;
  private count = 0;
  private stopTimer: (() => void) | undefined;

  constructor(
    private readonly channel: Pick<Channel, 'ack'>,
    private readonly clock: MachineClock,
  ) {}

  /** All deliveries before this one are settled. */
  add(message: ConsumeMessage): void {
    this.last = message;
    this.count += 1;
    if (this.count >= MOST) this.flush();
    else this.stopTimer ??= this.clock.after(WITHIN_MS, () => this.flush());
  }

  flush(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
    this.count = 0;
    const { last } = this;
    this.last = undefined;
    if (last) this.channel.ack(last, true);
  }

  /** The channel is gone, and with it what was unacknowledged. */
  drop(): void {
    this.last = undefined;
    this.flush();
  }
}
