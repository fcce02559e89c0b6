import { Worker } from 'node:worker_threads';
import type { MachineClock } from '../common/clock.js';
import { Stopped } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { unlessAborted } from '../common/unless-aborted.js';
import type { DatabaseTarget } from '../config/index.js';
import type { Heartbeat, HeartbeatSettings, LeaseLife } from './heartbeat.js';

/** What the thread is given, as `workerData`. */
export interface HeartbeatOrder extends HeartbeatSettings {
  readonly database: DatabaseTarget;
  readonly engineId: string;
  readonly renewed: SharedArrayBuffer;
  readonly alive: SharedArrayBuffer;
}

/** What the thread tells. */
export type HeartbeatWord = { readonly lost: true } | { readonly warning: string; readonly fields: object };

/** Renews in a thread of its own with a connection of its own: a busy event loop of the engine is no dead engine. */
export class ThreadHeartbeat implements Heartbeat {
  constructor(
    private readonly database: DatabaseTarget,
    private readonly settings: HeartbeatSettings,
    private readonly machine: MachineClock,
    private readonly log: Logger,
  ) {}

  async run(life: LeaseLife, signal: AbortSignal): Promise<'lost' | 'stopped'> {
    while (!signal.aborted) {
      try {
        if ((await this.runThread(life, signal)) === 'lost') return 'lost';
        await this.machine.sleepMs(this.settings.heartbeatS * 1000, signal);
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
      }
    }
    return 'stopped';
  }

  /** Until it says that the lease is lost, or dies: then another one is to be started. @throws Stopped */
  private async runThread({ engineId, renewed, alive }: LeaseLife, signal: AbortSignal): Promise<'lost' | 'died'> {
    const { leaseS, heartbeatS, hungS } = this.settings;
    const workerData: HeartbeatOrder = {
      database: this.database,
      leaseS,
      heartbeatS,
      hungS,
      engineId,
      renewed: renewed.buffer,
      alive: alive.buffer,
    };
    const worker = new Worker(new URL('./heartbeat-worker.js', import.meta.url), { workerData });
    worker.unref();
    const ended = new Promise<'lost' | 'died'>((resolve) => {
      worker.on('message', (word: HeartbeatWord) => {
        if ('lost' in word) resolve('lost');
        else this.log.warn(word.fields, word.warning);
      });
      // The thread's errors are of another realm, so not instances of our Error.
      worker.on('error', ({ message }) => this.log.error({ reason: message }, 'the heartbeat thread died'));
      worker.on('exit', () => resolve('died'));
    });
    try {
      return await unlessAborted(ended, signal, () => new Stopped());
    } finally {
      await worker.terminate();
    }
  }
}
