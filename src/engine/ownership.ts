import { messageOf, Stopped } from '../common/errors.js';
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
      if (!signal.aborted) await this.beat();
    }
  }

  /** One heartbeat. */
  async beat(): Promise<void> {
    const { repositories, machine, settings } = this.parts;
    const askedMs = machine.monotonicMs();
    try {
      const held = await repositories.sessions.renew(this.engineId, settings.leaseS);
      for (const [sessionId, { epoch, guard }] of this.owned) {
        if (held.get(sessionId) === epoch) guard.renewed(askedMs);
      }
      await repositories.engines.touch(this.engineId);
    } catch (error) {
      if (error instanceof Stopped) return;
      this.log.warn({ reason: messageOf(error) }, 'leases could not be renewed');
    }
    for (const [sessionId, owned] of this.owned) {
      if (owned.guard.holds) continue;
      this.log.warn({ session: sessionId }, 'lease lost, letting the session go');
      owned.lost();
    }
  }
}
