import { randomUUID } from 'node:crypto';
import type { Clock } from '../common/clock.js';
import { Together } from '../common/together.js';
import { isDatabaseTrouble, type Tx } from '../db/database.js';
import type { Repositories } from '../db/repositories.js';
import type { Lease, SessionPatch } from '../db/session-repository.js';

interface Told {
  readonly who: string;
  readonly what: string;
  readonly details: Record<string, unknown>;
}

interface Notified {
  readonly eventType: string;
  readonly payload: Record<string, unknown>;
  readonly once: boolean;
}

/** A piece of a session owner's work: rows, session fields, history and notifications commit together (L4). */
export class Unit {
  private patched: SessionPatch = {};
  private readonly entries: (Told | Notified)[] = [];

  constructor(
    readonly tx: Tx,
    readonly sessionId: string,
    /** Domain time of the transaction. */
    readonly now: Date,
  ) {}

  patchSession(patch: SessionPatch): void {
    this.patched = { ...this.patched, ...patch };
  }

  /** A line of history; `who` is the engine unless somebody asked for it. */
  tell(what: string, details: Record<string, unknown> = {}, who = 'engine'): void {
    this.entries.push({ who, what, details });
  }

  /** @param options.once never published again once a publish was begun (L4) */
  notify(eventType: string, payload: Record<string, unknown>, options: { readonly once?: boolean } = {}): void {
    this.entries.push({ eventType, payload, once: options.once ?? false });
  }

  /** Whether a later unit could see the session otherwise than this one left it, were it not written at once. */
  get isPatched(): boolean {
    return Object.keys(this.patched).length > 0;
  }

  /**
   * Writes under the lease what units of one transaction have collected, in their order.
   * @returns whether there is something to publish
   * @throws LeaseLost
   */
  static async flush(units: readonly Unit[], lease: Lease, repositories: Repositories): Promise<boolean> {
    const last = units.at(-1);
    if (last === undefined) return false;
    const { sessionId, now, tx } = last;
    const entries = units.flatMap((unit) => unit.entries.map((entry) => ({ ...entry, sessionId, at: unit.now })));
    const patch = Object.assign({}, ...units.map(({ patched }) => patched)) as SessionPatch;
    const first = await repositories.sessions.write(lease, entries.length, patch, now, tx);
    const numbered = entries.map((entry, index) => ({ ...entry, seq: first + index }));
    const told = numbered.flatMap((entry) => ('what' in entry ? [entry] : []));
    const notified = numbered.flatMap((entry) =>
      'eventType' in entry ? [{ ...entry, createdAt: entry.at, messageId: randomUUID() }] : [],
    );
    if (told.length > 0) await repositories.history.append(told, tx);
    if (notified.length > 0) await repositories.outbox.add(notified, tx);
    return notified.length > 0;
  }
}

type Work = (unit: Unit) => Promise<unknown> | unknown;
type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Units of one transaction: the API waits for its lock of the session's row so long at most. */
const MOST_UNITS = 16;

/**
 * The only way in which an engine writes about a session: one commit after the other, each under the lease (L2). Those
 * that come while one is under way share the next transaction: the more is under way, the fewer there are.
 */
export class SessionWriter {
  private readonly together = new Together<Work, Outcome>((works) => this.runTogether(works), {
    parallel: 1,
    most: MOST_UNITS,
  });

  constructor(
    readonly lease: Lease,
    private readonly repositories: Repositories,
    private readonly clock: Clock,
    private readonly onNotified: () => void,
  ) {}

  /**
   * Runs `work` in a transaction that takes effect only if the lease still holds.
   * @param work does nothing but queries in the unit's transaction; it may be run more than once, the last run counts
   * @throws LeaseLost, and whatever `work` throws; nothing is written then
   */
  async commit<T>(work: (unit: Unit) => Promise<T> | T): Promise<T> {
    const outcome = await this.together.of(work);
    if ('error' in outcome) throw outcome.error;
    return outcome.value as T;
  }

  private async runTogether(works: readonly Work[]): Promise<Outcome[]> {
    if (works.length > 1) {
      try {
        return (await this.run(works)).map((value) => ({ value }));
      } catch (error) {
        // Whether it took effect may be in doubt: whoever asked for it decides what to do, as for one alone.
        if (isDatabaseTrouble(error)) return works.map(() => ({ error }));
      }
    }
    // One of them threw, and nothing was written: each by itself.
    const outcomes: Outcome[] = [];
    for (const work of works) {
      const one = this.run([work]);
      outcomes.push(await one.then(([value]): Outcome => ({ value })).catch((error: unknown): Outcome => ({ error })));
    }
    return outcomes;
  }

  private async run(works: readonly Work[]): Promise<unknown[]> {
    const { lease, repositories } = this;
    let notified = false;
    const values = await repositories.database.transaction(async (tx) => {
      notified = false;
      const done: unknown[] = [];
      let units: Unit[] = [];
      for (const work of works) {
        const unit = new Unit(tx, lease.sessionId, this.clock.now());
        done.push(await work(unit));
        units.push(unit);
        if (!unit.isPatched) continue;
        notified = (await Unit.flush(units, lease, repositories)) || notified;
        units = [];
      }
      notified = (await Unit.flush(units, lease, repositories)) || notified;
      return done;
    });
    if (notified) this.onNotified();
    return values;
  }
}
