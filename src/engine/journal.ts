import { type BackoffSettings, backoffMs } from '../common/backoff.js';
import type { MachineClock } from '../common/clock.js';
import { FenixError, messageOf, Stopped } from '../common/errors.js';
import { withLastCheck } from '../common/last-check.js';
import type { Logger } from '../common/logger.js';
import type { JournalKey, JournalRepository, NewJournalEntry } from '../db/journal-repository.js';
import { LeaseLost } from '../db/session-repository.js';
import type { JournalEntry } from '../model/index.js';
import type { JournaledWrite } from '../workflow/contract.js';
import type { LeaseGuard } from './lease-guard.js';
import type { SessionWriter } from './session-writer.js';

const BACKOFF: BackoffSettings = { firstMs: 500, factor: 2, ceilingMs: 30_000 };
/** Repeats of one request that the cloud turned away for the moment; about two and a half minutes. */
const MOST_REPEATS = 9;

/**
 * Carries writes to the world out under the journal (L3): intent first, outcome after; what is in doubt is looked for
 * in the world, and done again only if the world says no and the first request can no longer be under way.
 */
export class Journal {
  constructor(
    private readonly entries: JournalRepository,
    private readonly writer: SessionWriter,
    private readonly guard: LeaseGuard,
    private readonly machine: MachineClock,
    private readonly requestTimeoutS: number,
    /** Ends waits between repeats; a request under way is let finish, it has a time-out of its own. */
    private readonly stopping: AbortSignal,
    private readonly log: Logger,
  ) {}

  /**
   * Does `write` once for this key, however often it is asked, also over crashes.
   * @param options.isFirst nobody can have asked for it before: the journal need not be read
   * @throws FenixError that refused it for good, now or in an earlier life; LeaseLost; Stopped
   */
  async once(key: JournalKey, write: JournaledWrite, { isFirst = false } = {}): Promise<void> {
    const known = isFirst ? undefined : await this.entries.find(key);
    if (known !== undefined) return this.goOn(known, write);
    const before = (await this.asking(key, async () => write.before?.())) ?? {};
    if (this.stopping.aborted) throw new Stopped();
    const entry: NewJournalEntry = {
      ...key,
      kind: 'step',
      host: null,
      intent: { before },
      timeoutS: this.requestTimeoutS,
    };
    await this.writer.commit((unit) => this.entries.begin(entry, unit.tx));
    await this.run(key, before, write, 0);
  }

  /** Goes on with an entry that is there: its outcome stands; what was only begun is in doubt. */
  async goOn(entry: JournalEntry, write: JournaledWrite): Promise<void> {
    if (entry.state === 'done') return;
    if (entry.state !== 'begun') throw errorOf(entry);
    const before = (entry.intent.before ?? {}) as Record<string, unknown>;
    await this.settleDoubt(entry, before, write, (entry.timeoutS - entry.ageS) * 1000, 0);
  }

  private async run(key: JournalKey, before: Before, write: JournaledWrite, repeat: number): Promise<void> {
    try {
      const require = (): void => this.guard.require();
      require();
      // It may read first, or wait for a token or a free connection, so the lease is asked for again when it sends.
      await withLastCheck(require, () => write.run());
    } catch (error) {
      return this.afterError(error, key, before, write, repeat);
    }
    await this.end(key, 'done', {});
  }

  private async afterError(
    error: unknown,
    key: JournalKey,
    before: Before,
    write: JournaledWrite,
    repeat: number,
  ): Promise<void> {
    if (error instanceof LeaseLost || error instanceof Stopped || !(error instanceof FenixError)) throw error;
    const { code, message: reason, requestId: answered } = error;
    this.log.warn({ ...key, code, reason, answered, repeat }, 'write to the cloud did not succeed');
    if (error.inDoubt) return this.settleDoubt(key, before, write, this.requestTimeoutS * 1000, repeat);
    // The target is named, so a refusal because of the state may just mean that it happened already.
    if (error.kind === 'conflict' && (await this.probe(key, before, write))) return this.end(key, 'done', {});
    const mayPass = error.retryable || (error.kind === 'conflict' && write.conflictPasses === true);
    if (!mayPass || repeat >= MOST_REPEATS) return this.refuse(key, error);
    const waitMs = error.retryAfterS === undefined ? backoffMs(BACKOFF, repeat) : error.retryAfterS * 1000;
    await this.machine.sleepMs(waitMs, this.stopping);
    await this.runAgain(key, before, write, repeat);
  }

  /** Lets the request that may be under way run out, then asks the world. */
  private async settleDoubt(
    key: JournalKey,
    before: Before,
    write: JournaledWrite,
    waitMs: number,
    repeat: number,
  ): Promise<void> {
    if (await this.probe(key, before, write)) return this.end(key, 'done', {});
    await this.machine.sleepMs(waitMs, this.stopping);
    if (await this.probe(key, before, write)) return this.end(key, 'done', {});
    if (repeat < MOST_REPEATS) return this.runAgain(key, before, write, repeat);
    await this.refuse(key, new FenixError('terminal', 'no-answer', 'The cloud never answered, and nothing happened.'));
  }

  private probe(key: JournalKey, before: Before, write: JournaledWrite): Promise<boolean> {
    return this.asking(key, () => write.probe(before));
  }

  /** Reads the world, again while it can't be asked: nothing may be concluded from that. */
  private async asking<T>(key: JournalKey, read: () => Promise<T>): Promise<T> {
    for (let repeat = 0; ; repeat += 1) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof FenixError && error.retryable)) throw error;
        this.log.warn(
          { ...key, code: error.code, reason: error.message },
          'the world could not be asked, trying again',
        );
        await this.machine.sleepMs(backoffMs(BACKOFF, repeat), this.stopping);
      }
    }
  }

  private async runAgain(key: JournalKey, before: Before, write: JournaledWrite, repeat: number): Promise<void> {
    await this.writer.commit((unit) => this.entries.runAgain(key, unit.tx));
    await this.run(key, before, write, repeat + 1);
  }

  /** Final: kept as it was thrown, but for its kind, since it is not to be tried again. */
  private async refuse(key: JournalKey, error: FenixError): Promise<never> {
    const { code, message } = error;
    const kind = error.retryable ? 'terminal' : error.kind;
    await this.end(key, 'refused', { code, message, kind });
    throw kind === error.kind ? error : new FenixError(kind, code, message, { cause: error });
  }

  private async end(key: JournalKey, state: 'done' | 'refused', outcome: Record<string, unknown>): Promise<void> {
    await this.writer.commit((unit) => this.entries.end(key, state, outcome, unit.tx));
  }
}

type Before = Readonly<Record<string, unknown>>;

/** The error that ended the entry in an earlier life. */
function errorOf(entry: JournalEntry): FenixError {
  const { code, message, kind } = (entry.outcome ?? {}) as Partial<Record<'code' | 'message' | 'kind', string>>;
  return new FenixError(
    (kind ?? 'terminal') as FenixError['kind'],
    code ?? 'failed',
    message ?? messageOf(entry.state),
  );
}
