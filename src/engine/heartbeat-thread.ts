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
}

/** What it is told as soon as there is a lease to renew. */
export interface LifeOrder {
  readonly engineId: string;
  readonly renewed: SharedArrayBuffer;
  readonly alive: SharedArrayBuffer;
}

/** What the thread tells. */
export type HeartbeatWord =
  | { readonly say: 'ready' }
  | { readonly say: 'lost' }
  | { readonly say: 'warn'; readonly message: string; readonly fields: object };

interface Thread {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  /** Resolves when the lease is lost, or the thread has died. */
  readonly ended: Promise<'lost' | 'died'>;
}

/** Renews in a thread of its own with a connection of its own: a busy event loop of the engine is no dead engine. */
export class ThreadHeartbeat implements Heartbeat {
  private thread: Thread | undefined;

  constructor(
    private readonly database: DatabaseTarget,
    private readonly settings: HeartbeatSettings,
    private readonly machine: MachineClock,
    private readonly log: Logger,
  ) {}

  async prepare(): Promise<void> {
    this.thread ??= this.startThread();
    try {
      await this.thread.ready;
    } catch (error) {
      this.thread = undefined;
      throw error;
    }
  }

  async run(life: LeaseLife, signal: AbortSignal): Promise<'lost' | 'stopped'> {
    try {
      while (!signal.aborted) {
        try {
          await this.prepare();
          if ((await this.runThread(life, signal)) === 'lost') return 'lost';
        } catch (error) {
          if (error instanceof Stopped) break;
          this.log.warn({ err: error }, 'the heartbeat thread could not be started again');
        }
        await this.machine.sleepMs(this.settings.heartbeatS * 1000, signal).catch(() => undefined);
      }
      return 'stopped';
    } finally {
      const { thread } = this;
      this.thread = undefined;
      await thread?.worker.terminate();
    }
  }

  /** @throws Stopped */
  private async runThread({ engineId, renewed, alive }: LeaseLife, signal: AbortSignal): Promise<'lost' | 'died'> {
    const thread = this.thread as Thread;
    const order: LifeOrder = { engineId, renewed: renewed.buffer, alive: alive.buffer };
    thread.worker.postMessage(order);
    const outcome = await unlessAborted(thread.ended, signal, () => new Stopped());
    if (outcome === 'died') this.thread = undefined;
    return outcome;
  }

  private startThread(): Thread {
    const workerData: HeartbeatOrder = { database: this.database, ...this.settings };
    const worker = new Worker(new URL('./heartbeat-worker.js', import.meta.url), { workerData });
    worker.unref();
    let reason = 'the heartbeat thread ended';
    const ended = new Promise<'lost' | 'died'>((resolve) => {
      worker.on('message', (word: HeartbeatWord) => {
        if (word.say === 'lost') resolve('lost');
        if (word.say === 'warn') this.log.warn(word.fields, word.message);
      });
      worker.on('exit', () => resolve('died'));
    });
    const ready = new Promise<void>((resolve, reject) => {
      worker.on('message', ({ say }: HeartbeatWord) => {
        if (say === 'ready') resolve();
      });
      // The thread's errors are of another realm, so not instances of our Error.
      worker.on('error', ({ message }) => {
        reason = `The heartbeat thread died: ${message}`;
        this.log.error({ reason: message }, 'the heartbeat thread died');
      });
      worker.on('exit', () => reject(new Error(reason)));
    });
    ready.catch(() => undefined);
    return { worker, ready, ended };
  }
}
