import type { MachineClock } from './clock.js';
import { messageOf, Stopped } from './errors.js';
import type { Logger } from './logger.js';

/** A part of a process that is started once and stopped once. */
export interface Component {
  readonly name: string;
  /** Resolves when it serves; `signal` aborts when the process is told to stop meanwhile. */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves when what it was doing has ended; not called if `start` was not or rejected. */
  stop(): Promise<void>;
}

/** What a process tells whoever started it. */
export const EXIT = {
  /** Stopped as told. */
  ok: 0,
  /** A component could not start or failed. */
  failed: 1,
  /** Told to stop, but something did not end within the limit or stopped with an error. */
  unclean: 2,
  /** Told a second time: ended at once. */
  forced: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface LifecycleSettings {
  /** Machine time that all components together may take to stop. */
  readonly stopWithinMs: number;
}

/** Starts components in order, waits for the word to stop, stops them in reverse order within a limit. */
export class Lifecycle {
  private readonly stopping = new AbortController();
  private readonly forcing = new AbortController();
  private failure: unknown;

  constructor(
    private readonly components: readonly Component[],
    private readonly settings: LifecycleSettings,
    private readonly clock: MachineClock,
    private readonly log: Logger,
  ) {}

  /** The first call asks for an orderly stop, any further one ends {@link run} at once. */
  stop(): void {
    if (this.stopping.signal.aborted) this.forcing.abort();
    else this.stopping.abort();
  }

  /** For a component that cannot go on: stops the others; {@link run} then resolves to `failed`. */
  fail(error: unknown): void {
    this.log.error({ error: messageOf(error) }, 'a component failed');
    this.end(error);
  }

  private end(error: unknown): void {
    this.failure ??= error;
    this.stopping.abort();
  }

  /** Runs from start to stop and resolves to the exit code. Never rejects. To be called once. */
  async run(): Promise<ExitCode> {
    const forced = aborted(this.forcing.signal).then(() => EXIT.forced);
    return Promise.race([this.startAndStop(), forced]);
  }

  private async startAndStop(): Promise<ExitCode> {
    const done = new AbortController();
    const limit = this.limit(done.signal);
    const started: Component[] = [];
    for (const component of this.components) {
      if (this.stopping.signal.aborted) break;
      const outcome = await Promise.race([this.started(component), limit]);
      if (outcome === 'started') started.push(component);
      if (outcome !== 'late') continue;
      this.log.error({ component: component.name }, 'did not end its start in time');
      return EXIT.unclean;
    }
    await aborted(this.stopping.signal);
    const isClean = await this.stopAll(started.reverse(), limit);
    done.abort();
    if (this.failure !== undefined) return EXIT.failed;
    return isClean ? EXIT.ok : EXIT.unclean;
  }

  /** Resolves when the time to stop is used up, counted from the word to stop. */
  private async limit(done: AbortSignal): Promise<'late'> {
    await aborted(this.stopping.signal);
    await this.clock.sleepMs(this.settings.stopWithinMs, done).catch(() => {}); // `done`: nobody listens any more
    return 'late';
  }

  private async started(component: Component): Promise<'started' | 'not-started'> {
    try {
      await component.start(this.stopping.signal);
      this.log.debug({ component: component.name }, 'started');
      return 'started';
    } catch (error) {
      const wasToldToStop = error instanceof Stopped && this.stopping.signal.aborted;
      if (!wasToldToStop) {
        this.log.error({ component: component.name }, `Cannot start: ${messageOf(error)}`);
        this.end(error);
      }
      return 'not-started';
    }
  }

  private async stopAll(components: readonly Component[], limit: Promise<'late'>): Promise<boolean> {
    let isClean = true;
    for (const component of components) {
      const outcome = await Promise.race([this.stopped(component), limit]);
      if (outcome !== 'stopped') isClean = false;
      if (outcome !== 'late') continue;
      this.log.error({ component: component.name }, 'did not stop in time; what is left is not stopped');
      break;
    }
    return isClean;
  }

  private async stopped(component: Component): Promise<'stopped' | 'failed'> {
    try {
      await component.stop();
      this.log.debug({ component: component.name }, 'stopped');
      return 'stopped';
    } catch (error) {
      this.log.error({ component: component.name, error: messageOf(error) }, 'stopped with an error');
      return 'failed';
    }
  }
}

/** What is needed of Node's `process` to hear signals. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
}

/** {@link Lifecycle.run} with SIGTERM and SIGINT as the word to stop. An executable exits with what it resolves to. */
export async function runUntilSignal(lifecycle: Lifecycle, signals: SignalSource = process): Promise<ExitCode> {
  const onSignal = (): void => lifecycle.stop();
  signals.on('SIGTERM', onSignal);
  signals.on('SIGINT', onSignal);
  try {
    return await lifecycle.run();
  } finally {
    signals.off('SIGTERM', onSignal);
    signals.off('SIGINT', onSignal);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
