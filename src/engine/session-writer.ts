import { randomUUID } from 'node:crypto';
import type { Clock } from '../common/clock.js';
import type { Tx } from '../db/database.js';
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

/** One transaction of a session's owner: rows, session fields, history and notifications commit together (L4). */
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

  /** Writes what was collected under the lease. @returns whether there is something to publish. @throws LeaseLost */
  async flush(lease: Lease, repositories: Repositories): Promise<boolean> {
    const { sessionId, now, tx } = this;
    const first = await repositories.sessions.write(lease, this.entries.length, this.patched, now, tx);
    const numbered = this.entries.map((entry, index) => ({ ...entry, seq: first + index }));
    const told = numbered.flatMap((entry) => ('what' in entry ? [{ ...entry, sessionId, at: now }] : []));
    const notified = numbered.flatMap((entry) =>
      'eventType' in entry ? [{ ...entry, sessionId, createdAt: now, messageId: randomUUID() }] : [],
    );
    if (told.length > 0) await repositories.history.append(told, tx);
    if (notified.length > 0) await repositories.outbox.add(notified, tx);
    return notified.length > 0;
  }
}

/** The only way in which an engine writes about a session: one commit after the other, each under the lease (L2). */
export class SessionWriter {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly lease: Lease,
    private readonly repositories: Repositories,
    private readonly clock: Clock,
    private readonly onNotified: () => void,
  ) {}

  /**
   * Runs `work` in a transaction that takes effect only if the lease still holds.
   * @throws LeaseLost, and whatever `work` throws; nothing is written then
   */
  commit<T>(work: (unit: Unit) => Promise<T> | T): Promise<T> {
    const result = this.last.then(() => this.run(work));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async run<T>(work: (unit: Unit) => Promise<T> | T): Promise<T> {
    let notified = false;
    const result = await this.repositories.database.transaction(async (tx) => {
      const unit = new Unit(tx, this.lease.sessionId, this.clock.now());
      const value = await work(unit);
      notified = await unit.flush(this.lease, this.repositories);
      return value;
    });
    if (notified) this.onNotified();
    return result;
  }
}
