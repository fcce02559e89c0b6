import { type BackoffSettings, backoffMs } from '../common/backoff.js';
import type { Clock, MachineClock } from '../common/clock.js';
import { FenixError, messageOf, Stopped } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { Wake } from '../common/wake.js';
import type { Tx } from '../db/database.js';
import type { OutboxRepository } from '../db/outbox-repository.js';
import { LeaseLost } from '../db/session-repository.js';
import type { OutboxEntry } from '../model/index.js';
import type { LeaseGuard } from './lease-guard.js';

const BATCH = 50;
const BACKOFF: BackoffSettings = { firstMs: 250, factor: 2, ceilingMs: 30_000 };

/** Hands a notification to the broker; resolves when the broker has it. */
export type Publish = (entry: OutboxEntry) => Promise<void>;

/** Has `write` note in the database that an entry was done with at `at`, with whatever follows from that. */
export type Note = (entry: OutboxEntry, at: Date, write: (tx?: Tx) => Promise<void>) => Promise<void>;

/**
 * Publishes one session's committed notifications in their order, again until the broker has each. Those that must be
 * received once at most (L4) are given up after an attempt whose outcome is unknown: the protocol's repeats cover them.
 */
export class OutboxPublisher {
  private readonly wake = new Wake();
  /** How often it was said that there may be something new; only the owner's writer adds to the outbox, and says so. */
  private raises = 0;
  /** That many when nothing was found to be left. */
  private emptyAt: number | undefined;

  constructor(
    private readonly sessionId: string,
    private readonly outbox: OutboxRepository,
    private readonly publish: Publish,
    private readonly guard: Pick<LeaseGuard, 'require'>,
    private readonly note: Note,
    private readonly clock: Clock,
    private readonly machine: MachineClock,
    /** Everything was delivered: silence counts again. */
    private readonly onDelivered: () => void,
    private readonly log: Logger,
  ) {}

  /** There may be something new. */
  raise(): void {
    this.raises += 1;
    this.wake.raise();
  }

  /** Whether something may be committed and not yet with the broker. */
  get hasPending(): boolean {
    return this.emptyAt !== this.raises;
  }

  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const wasPending = this.hasPending;
        await this.publishPending(signal);
        failures = 0;
        if (wasPending && !this.hasPending) this.onDelivered();
        await this.wake.wait(signal);
      } catch (error) {
        if (error instanceof Stopped || error instanceof LeaseLost) return;
        const say = failures === 0 ? 'warn' : 'debug';
        this.log[say]({ reason: messageOf(error), failures }, 'notification could not be published, trying again');
        await this.machine.sleepMs(backoffMs(BACKOFF, failures), signal).catch(() => undefined);
        failures += 1;
      }
    }
  }

  private async publishPending(signal: AbortSignal): Promise<void> {
    for (;;) {
      const { raises } = this;
      const entries = await this.outbox.pending(this.sessionId, BATCH);
      for (const entry of entries) {
        if (signal.aborted) throw new Stopped();
        await this.publishOne(entry);
      }
      if (entries.length === BATCH) continue;
      this.emptyAt = raises;
      return;
    }
  }

  private async publishOne(entry: OutboxEntry): Promise<void> {
    const { outboxId, messageId, eventType, attempts, once, error } = entry;
    this.guard.require();
    if (once && attempts > 0) {
      const about = { messageId, eventType, reason: error };
      this.log.warn(about, 'notification not repeated: managers act once per receipt');
      const at = this.clock.now();
      return this.note(entry, at, (tx) => this.outbox.giveUp(outboxId, at, tx));
    }
    if (!(await this.outbox.markAttempt(outboxId, attempts + 1))) throw new Error('another engine publishes as well');
    this.guard.require();
    try {
      await this.publish(entry);
    } catch (thrown) {
      await this.outbox.markError(outboxId, messageOf(thrown), surelyUnsent(thrown) ? attempts : undefined);
      throw thrown;
    }
    const at = this.clock.now();
    await this.note(entry, at, (tx) => this.outbox.markPublished(outboxId, at, tx));
  }
}

/** The broker was not reached or turned it away: nobody can have received it. */
function surelyUnsent(thrown: unknown): boolean {
  return thrown instanceof FenixError && !thrown.inDoubt;
}
