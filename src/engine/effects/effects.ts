import { messageOf, Stopped } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { LeaseLost } from '../../db/session-repository.js';
import type { EffectKind, JournalEntry } from '../../model/index.js';

/** Carries one kind of effect out; `resumed` when an earlier life had begun it. */
export type EffectRunner = (entry: JournalEntry, resumed: boolean) => Promise<void>;

/** The effects of one session that are under way. Each has a journal entry that was committed before it starts here. */
export class Effects {
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly runners: Readonly<Record<Exclude<EffectKind, 'step'>, EffectRunner>>,
    /** An effect ended: the session has something to decide. */
    private readonly onEnd: () => void,
    private readonly log: Logger,
  ) {}

  get count(): number {
    return this.running.size;
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
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  private launch(entry: JournalEntry, resumed: boolean): void {
    const key = keyOf(entry);
    if (entry.kind === 'step' || this.running.has(key)) return;
    const run = this.runners[entry.kind](entry, resumed)
      .catch((error: unknown) => this.report(entry, error))
      .finally(() => {
        this.running.delete(key);
        this.onEnd();
      });
    this.running.set(key, run);
  }

  /** What stopped in the middle stays `begun` in the journal; whoever owns the session next goes on with it. */
  private report(entry: JournalEntry, error: unknown): void {
    if (error instanceof Stopped || error instanceof LeaseLost) return;
    this.log.error({ effect: keyOf(entry), reason: messageOf(error), err: error }, 'effect broke off');
  }
}

function keyOf({ subject, action, attempt }: JournalEntry): string {
  return `${subject} ${action} ${attempt}`;
}
