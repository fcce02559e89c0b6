import { type BackoffSettings, backoffMs } from '../common/backoff.js';
import type { Clock, MachineClock } from '../common/clock.js';
import { messageOf, Stopped } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { Wake } from '../common/wake.js';
import type { OutboxRepository } from '../db/outbox-repository.js';
import type { OutboxEntry } from '../model/index.js';

const BATCH = 50;
const BACKOFF: BackoffSettings = { firstMs: 250, factor: 2, ceilingMs: 30_000 };

/** Hands a notification to the broker; resolves when the broker has it. */
export type Publish = (entry: OutboxEntry) => Promise<void>;

/**
 * Publishes one session's committed notifications in their order, again until the broker has each. Those that must be
 * received once at most (L4) are given up after an attempt whose outcome is unknown: the protocol's repeats cover them.
 */
export class OutboxPublisher {
  private readonly wake = new Wake();

  constructor(
    private readonly sessionId: string,
    private readonly outbox: OutboxRepository,
    private readonly publish: Publish,
    private readonly clock: Clock,
    private readonly machine: MachineClock,
    /** Something was delivered: silence counts again. */
    private readonly onDelivered: () => void,
    private readonly log: Logger,
  ) {}

  /** There may be something new. */
  raise(): void {
    this.wake.raise();
  }

  /** Whether something is committed and not yet with the broker. */
  async hasPending(): Promise<boolean> {
    return (await this.outbox.pending(this.sessionId, 1)).length > 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const delivered = await this.publishPending();
        failures = 0;
        if (delivered > 0) this.onDelivered();
        await this.wake.wait(signal);
      } catch (error) {
        if (error instanceof Stopped) return;
        this.log.warn({ reason: messageOf(error), failures }, 'notification could not be published, trying again');
        await this.machine.sleepMs(backoffMs(BACKOFF, failures), signal).catch(() => undefined);
        failures += 1;
      }
    }
  }

  private async publishPending(): Promise<number> {
    let delivered = 0;
    for (;;) {
      const entries = await this.outbox.pending(this.sessionId, BATCH);
      for (const entry of entries) {
        await this.publishOne(entry);
        delivered += 1;
      }
      if (entries.length < BATCH) return delivered;
    }
  }

  private async publishOne(entry: OutboxEntry): Promise<void> {
    const giveUp = entry.once && entry.attempts > 0;
    if (!giveUp) {
      await this.outbox.markAttempt(entry.outboxId, entry.attempts + 1);
      try {
        await this.publish(entry);
      } catch (error) {
        await this.outbox.markError(entry.outboxId, messageOf(error));
        throw error;
      }
    } else {
      const { messageId, eventType, error } = entry;
      this.log.warn(
        { messageId, eventType, reason: error },
        'notification not repeated: managers act once per receipt',
      );
    }
    await this.outbox.markPublished(entry.outboxId, this.clock.now());
  }
}
