import type { MachineClock } from '../common/clock.js';
import { messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { SharedInstant } from '../common/shared-instant.js';
import type { EngineRepository } from '../db/engine-repository.js';

/** One life of an engine, from its registration until its lease is lost. */
export interface LeaseLife {
  readonly engineId: string;
  /** When the request was sent that prolonged the lease last. */
  readonly renewed: SharedInstant;
  /** The main thread's last sign of life: whoever hangs for long is not kept alive from outside. */
  readonly alive: SharedInstant;
}

/** Keeps a lease (L2). Where it can, away from the event loop that may be busy. */
export interface Heartbeat {
  /** Before there is a lease: all that takes time. @throws what keeps it from beating */
  prepare(): Promise<void>;
  /** Renews until the lease is lost for good or `signal` aborts; never rejects. */
  run(life: LeaseLife, signal: AbortSignal): Promise<'lost' | 'stopped'>;
}

export interface HeartbeatSettings {
  readonly leaseS: number;
  readonly heartbeatS: number;
  readonly hungS: number;
}

/** The loop itself, whichever thread it runs in. */
export class RenewalLoop implements Heartbeat {
  constructor(
    private readonly engines: Pick<EngineRepository, 'renew'>,
    private readonly machine: MachineClock,
    private readonly settings: HeartbeatSettings,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async run(life: LeaseLife, signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const { machine, settings } = this;
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    while (!signal.aborted) {
      await machine.sleepMs(settings.heartbeatS * 1000, signal).catch(() => undefined);
      if (signal.aborted) break;
      const outcome = await Promise.race([this.beat(life), stopped]);
      if (outcome === 'lost') return 'lost';
    }
    return 'stopped';
  }

  private async beat({ engineId, renewed, alive }: LeaseLife): Promise<'held' | 'lost' | 'unknown'> {
    const askedMs = this.machine.monotonicMs();
    const silentMs = askedMs - alive.ms;
    if (silentMs > this.settings.hungS * 1000) {
      this.log.warn({ silentMs }, 'the main thread hangs, its lease is not renewed');
      return 'unknown';
    }
    try {
      if (!(await this.engines.renew(engineId, this.settings.leaseS))) return 'lost';
      renewed.set(askedMs);
      return 'held';
    } catch (error) {
      this.log.warn({ reason: messageOf(error) }, 'lease could not be renewed');
      return 'unknown';
    }
  }
}
