import { EventEmitter } from 'node:events';
import test from 'ava';
import type { MachineClock } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';
import { type Component, EXIT, Lifecycle, runUntilSignal } from '../../src/common/lifecycle.js';
import { silentLogger } from '../../src/common/logger.js';
import { serviceManager } from '../../src/common/service-manager.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

/** Machine time that passes only by {@link pass}. */
class SteppedMachineClock implements MachineClock {
  private wake: (() => void) | undefined;
  readonly asked: number[] = [];
  private onAsked: (() => void) | undefined;
  readonly slept = new Promise<void>((resolve) => {
    this.onAsked = resolve;
  });

  monotonicMs(): number {
    return 0;
  }

  busyMs(): number {
    return 0;
  }

  sleepMs(ms: number, signal?: AbortSignal): Promise<void> {
    this.asked.push(ms);
    this.onAsked?.();
    return new Promise((resolve, reject) => {
      this.wake = resolve;
      signal?.addEventListener('abort', () => reject(new Stopped()));
    });
  }

  after(): () => void {
    return () => undefined;
  }

  pass(): void {
    this.wake?.();
  }
}

function aComponent(name: string, log: string[], overrides: Partial<Component> = {}): Component {
  return {
    name,
    start: async () => void log.push(`+${name}`),
    stop: async () => void log.push(`-${name}`),
    ...overrides,
  };
}

const never = new Promise<void>(() => {});

function aLifecycle(components: readonly Component[]) {
  const clock = new SteppedMachineClock();
  return { clock, lifecycle: new Lifecycle(components, { stopWithinMs: 5000 }, clock, silentLogger) };
}

/** A component whose start tells that everything before it has started. */
function aLast(log: string[]) {
  let tell = (): void => {};
  const reached = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const component = aComponent('last', log, { start: async () => tell() });
  return { component, reached };
}

test('components start in order and stop in reverse order, on SIGTERM as on SIGINT', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const log: string[] = [];
    const last = aLast(log);
    const { lifecycle } = aLifecycle([aComponent('database', log), aComponent('rpc', log), last.component]);
    const process = new EventEmitter();
    const ended = runUntilSignal(lifecycle, process);
    await last.reached;
    process.emit(signal);
    t.is(await ended, EXIT.ok);
    t.deepEqual(log, ['+database', '+rpc', '-last', '-rpc', '-database']);
    t.is(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT'), 0);
  }
});

test('a component that cannot start fails the process; only those before it are stopped', async (t) => {
  const log: string[] = [];
  const broken = aComponent('rpc', log, { start: () => Promise.reject(new Error('no broker')) });
  const { lifecycle } = aLifecycle([aComponent('database', log), broken, aComponent('api', log)]);
  t.is(await lifecycle.run(), EXIT.failed);
  t.deepEqual(log, ['+database', '-database']);
});

test('a component that fails later stops the others', async (t) => {
  const log: string[] = [];
  const last = aLast(log);
  const { lifecycle } = aLifecycle([aComponent('database', log), last.component]);
  const ended = lifecycle.run();
  await last.reached;
  lifecycle.fail(new Error('lost'));
  t.is(await ended, EXIT.failed);
  t.deepEqual(log, ['+database', '-last', '-database']);
});

test('a start under way is told to stop and counts as no failure', async (t) => {
  const log: string[] = [];
  let tell = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const slow = aComponent('rpc', log, {
    start: (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Stopped()));
        tell();
      }),
  });
  const { lifecycle } = aLifecycle([aComponent('database', log), slow, aComponent('api', log)]);
  const ended = lifecycle.run();
  await waiting;
  lifecycle.stop();
  t.is(await ended, EXIT.ok);
  t.deepEqual(log, ['+database', '-database']);
});

test('what does not stop within the limit makes the end unclean', async (t) => {
  const log: string[] = [];
  const last = aLast(log);
  const stuck = aComponent('stuck', log, { stop: () => never });
  const { lifecycle, clock } = aLifecycle([aComponent('database', log), stuck, last.component]);
  const ended = lifecycle.run();
  await last.reached;
  lifecycle.stop();
  await clock.slept;
  clock.pass();
  t.is(await ended, EXIT.unclean);
  t.deepEqual(clock.asked, [5000]);
  t.deepEqual(log, ['+database', '+stuck', '-last'], 'the database is left to the end of the process');
});

test('a start that does not hear the word to stop is waited for within the limit only', async (t) => {
  const deaf = aComponent('deaf', [], { start: () => never });
  const { lifecycle, clock } = aLifecycle([deaf]);
  const ended = lifecycle.run();
  lifecycle.stop();
  await clock.slept;
  clock.pass();
  t.is(await ended, EXIT.unclean);
});

test('told to stop before it ran, it starts nothing', async (t) => {
  const log: string[] = [];
  const { lifecycle } = aLifecycle([aComponent('database', log)]);
  lifecycle.stop();
  t.is(await lifecycle.run(), EXIT.ok);
  t.deepEqual(log, []);
});

test('an error in one stop does not keep the others from stopping', async (t) => {
  const log: string[] = [];
  const last = aLast(log);
  const bad = aComponent('bad', log, { stop: () => Promise.reject(new Error('broken')) });
  const { lifecycle } = aLifecycle([aComponent('database', log), bad, last.component]);
  const ended = lifecycle.run();
  await last.reached;
  lifecycle.stop();
  t.is(await ended, EXIT.unclean);
  t.deepEqual(log, ['+database', '+bad', '-last', '-database']);
});

test('a second signal ends it at once', async (t) => {
  const log: string[] = [];
  const last = aLast(log);
  const stuck = aComponent('stuck', log, { stop: () => never });
  const { lifecycle, clock } = aLifecycle([stuck, last.component]);
  const process = new EventEmitter();
  const ended = runUntilSignal(lifecycle, process);
  await last.reached;
  process.emit('SIGTERM');
  await clock.slept;
  process.emit('SIGINT');
  t.is(await ended, EXIT.forced);
});

test('systemd is told when all serve, that the process still runs, and first of all that it stops', async (t) => {
  const log: string[] = [];
  const env = {
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '60000000',
    WATCHDOG_PID: `${process.pid}`,
    HOME: '/',
  };
  const clock = new ManualMachineClock();
  const manager = serviceManager(env, clock, silentLogger, async (socket, assignment) => {
    log.push(`${socket} ${assignment}`);
  });
  t.deepEqual(env as object, { HOME: '/' }, 'programs that we start do not speak for us');
  const lifecycle = new Lifecycle([aComponent('api', log), manager], { stopWithinMs: 1000 }, clock, silentLogger);
  const run = lifecycle.run();
  const said = (count: number) => untilTrue(() => log.length === count);
  await said(3);
  t.is(clock.nextDueMs(), 30_000);
  clock.advanceMs(30_000);
  await said(4);
  lifecycle.stop();
  t.is(await run, EXIT.ok);
  const told = (what: string) => `/run/systemd/notify ${what}`;
  t.deepEqual(log, ['+api', told('READY=1'), told('WATCHDOG=1'), told('WATCHDOG=1'), told('STOPPING=1'), '-api']);
});

test('nobody is told without systemd, and a systemd that cannot be told harms nothing', async (t) => {
  let told = 0;
  const fails = async () => {
    told += 1;
    throw new Error('no such program');
  };
  for (const env of [{}, { NOTIFY_SOCKET: '@abstract', WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }]) {
    const clock = new ManualMachineClock();
    const manager = serviceManager(env, clock, silentLogger, fails);
    await manager.start(new AbortController().signal);
    t.is(clock.nextDueMs(), undefined, 'no watchdog that is ours');
    await manager.stop();
  }
  t.is(told, 2);
});

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}
