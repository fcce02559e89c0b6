import { type BackoffSettings, backoffMs } from '../../common/backoff.js';
import type { MachineClock } from '../../common/clock.js';
import { messageOf, Stopped } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { LeaseLost } from '../../db/session-repository.js';
import type { EffectKind, JournalEntry } from '../../model/index.js';

const BACKOFF: BackoffSettings = { firstMs: 500, factor: 2, ceilingMs: 30_000 };

/** Carries one kind of effect out; `resumed` when an earlier life had begun it. */
export type EffectRunner = (entry: JournalEntry, resumed: boolean) => Promise<void>;

interface Running {
  readonly kind: EffectKind;
  readonly subject: string;
  readonly run: Promise<void>;
}

/** The effects of one session that are under way. Each has a journal entry that was committed before it starts here. */
export class Effects {
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly runners: Readonly<Record<Exclude<EffectKind, 'step'>, EffectRunner>>,
    /** An effect ended: the session has something to decide. */
    private readonly onEnd: () => void,
    private readonly machine: MachineClock,
    /** Ends waits between tries. */
    private readonly stopping: AbortSignal,
    private readonly log: Logger,
  ) {}

  /** Without those that only {@link settling} counts. */
  get count(): number {
    return this.running.size - this.settling;
  }

  /** Moves that were given up and are seen to their end: no decision waits for them. */
  get settling(): number {
    return [...this.running.values()].filter(({ kind }) => kind === 'settle').length;
  }

  /** Starts an effect whose intent was just committed. */
  start(entry: JournalEntry): void {
    this.launch(entry, false);
  }

  /** Goes on with an effect that was begun in an earlier life. */
  resume(entry: JournalEntry): void {
    this.launch(entry, true);
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all([...this.running.values()].map(({ run }) => run));
  }

  private launch(entry: JournalEntry, resumed: boolean): void {
    const key = keyOf(entry);
    if (entry.kind === 'step' || this.running.has(key)) return;
    const { kind, subject } = entry;
    const runner = this.runners[entry.kind];
    const run = this.afterItsLike(entry)
      .then(() => this.carryOut(runner, entry, resumed))
      .finally(() => {
        this.running.delete(key);
        this.onEnd();
      });
    this.running.set(key, { kind, subject, run });
  }

  /**
   * Changes of one compute service go out in the order in which they were decided: a request to disable it that is in
   * doubt is sent again, and would otherwise outlast the enabling that was decided after it (L6). So do those of the room
   * that is held for one instance.
   */
  private async afterItsLike({ kind, subject }: JournalEntry): Promise<void> {
    if (kind !== 'service' && kind !== 'room') return;
    const before = [...this.running.values()].filter((one) => one.kind === kind && one.subject === subject);
    await Promise.all(before.map(({ run }) => run));
  }

  /**
   * What breaks off (our database, a read of the cloud) is gone on with a little later, as after a crash: a `begun`
   * entry that nobody works on would be waited for in vain. What is stopped stays `begun` for the next owner.
   */
  private async carryOut(run: EffectRunner, entry: JournalEntry, resumed: boolean): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      // Its turn may have come because what was before it stopped.
      if (this.stopping.aborted) return;
      try {
        return await run(entry, resumed || failures > 0);
      } catch (error) {
        if (error instanceof Stopped || error instanceof LeaseLost) return;
        const about = { effect: keyOf(entry), reason: messageOf(error), err: error, failures };
        this.log.error(about, 'effect broke off, going on with it soon');
      }
      try {
        await this.machine.sleepMs(backoffMs(BACKOFF, failures), this.stopping);
      } catch {
        return;
      }
    }
  }
}

function keyOf({ subject, action, attempt }: JournalEntry): string {
  return `${subject} ${action} ${attempt}`;
}
