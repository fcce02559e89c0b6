import { messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { EngineParts } from './context.js';
import type { LeaseGuard } from './lease-guard.js';

/** What ownership keeps of an owned session. */
export interface Owned {
  readonly epoch: number;
  readonly guard: LeaseGuard;
  /** The lease is gone: stop at once, write nothing more. */
  lost(): void;
}

/** Renews the leases of all sessions of this engine, and lets go of those that could not be renewed in time (L2). */
export class LeaseKeeper {
  private renewing: Promise<void> | undefined;
  private orphans: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly engineId: string,
    private readonly parts: Pick<EngineParts, 'repositories' | 'machine' | 'settings'>,
    private readonly owned: ReadonlyMap<string, Owned>,
    private readonly log: Logger,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const { machine, settings } = this.parts;
    while (!signal.aborted) {
      await machine.sleepMs(settings.heartbeatS * 1000, signal).catch(() => undefined);
      if (!signal.aborted) await this.beat(signal);
    }
  }

  /** One heartbeat. A database that does not answer must not keep us from seeing that a lease ends. */
  async beat(signal: AbortSignal): Promise<void> {
    const { machine, settings } = this.parts;
    this.renewing ??= this.renew().finally(() => {
      this.renewing = undefined;
    });
    const enough = new AbortController();
    const patience = machine.sleepMs(settings.heartbeatS * 1000, AbortSignal.any([signal, enough.signal]));
    await Promise.race([this.renewing, patience.catch(() => undefined)]);
    enough.abort();
    for (const [sessionId, owned] of this.owned) {
      if (owned.guard.holds) continue;
      this.log.warn({ session: sessionId }, 'lease lost, letting the session go');
      owned.lost();
    }
  }

  private async renew(): Promise<void> {
    const { repositories, machine, settings } = this.parts;
    const askedMs = machine.monotonicMs();
    try {
      const held = await repositories.sessions.renew(this.engineId, settings.leaseS);
      for (const [sessionId, { epoch, guard }] of this.owned) {
        if (held.get(sessionId) === epoch) guard.renewed(askedMs);
      }
      await this.releaseOrphans(held);
      await repositories.engines.touch(this.engineId);
    } catch (error) {
      this.log.warn({ reason: messageOf(error) }, 'leases could not be renewed');
    }
  }

  /**
   * Leases in our name of sessions that we do not work on (the database was away when they were to be given back) would
   * be renewed for ever. Seen twice, since a lease is in the database a moment before its session is among the owned.
   */
  private async releaseOrphans(held: ReadonlyMap<string, number>): Promise<void> {
    const orphans = new Map([...held].filter(([sessionId, epoch]) => this.owned.get(sessionId)?.epoch !== epoch));
    for (const [sessionId, epoch] of orphans) {
      if (this.orphans.get(sessionId) !== epoch) continue;
      await this.parts.repositories.sessions.release({ sessionId, engineId: this.engineId, epoch });
    }
    this.orphans = orphans;
  }
}
