import type { MachineClock } from '../common/clock.js';
import type { Heartbeat, LeaseLife } from './heartbeat.js';
import type { LeaseGuard } from './lease-guard.js';

/** Watches over one life of an engine: renewed by its heartbeat, seen to its end by the main thread's own clock (L2). */
export class LeaseKeeper {
  constructor(
    private readonly heartbeat: Heartbeat,
    private readonly machine: MachineClock,
    private readonly heartbeatS: number,
  ) {}

  /**
   * Until the lease may not be believed in any more, or `signal` aborts. Two loops: a database that does not answer must
   * not keep us from seeing that the lease ends.
   */
  async keep(life: LeaseLife, guard: LeaseGuard, signal: AbortSignal): Promise<'lost' | 'stopped'> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const beating = this.heartbeat.run(life, either).then((outcome) => {
      if (outcome === 'lost') guard.end();
      over.abort();
    });
    while (!either.aborted && guard.holds) {
      life.alive.set(this.machine.monotonicMs());
      const restMs = Math.min(this.heartbeatS * 1000, guard.leftMs);
      await this.machine.sleepMs(restMs, either).catch(() => undefined);
    }
    over.abort();
    await beating;
    return signal.aborted && guard.holds ? 'stopped' : 'lost';
  }
}
