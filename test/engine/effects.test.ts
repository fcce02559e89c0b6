import test, { type ExecutionContext } from 'ava';
import stopStart from '../../plugins/instance-actions/stop-start.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import type { EngineSettings } from '../../src/engine/context.js';
import { beginEffect } from '../../src/engine/effects/begin.js';
import type { MoveIntent } from '../../src/engine/effects/move.js';
import type { PluginIntent } from '../../src/engine/effects/plugin-run.js';
import { beginStart } from '../../src/engine/effects/start.js';
import type { JournalEntry, SessionHost } from '../../src/model/index.js';
import type { CloudPort, ComputeService } from '../../src/workflow/cloud-port.js';
import type { ActionContext, ActionPlugin, InstanceActionPlugin, MoveOutcome } from '../../src/workflow/contract.js';
import { aHost, anInstance, NOON } from '../support/api-records.js';
import {
  aDatabase,
  addAction,
  addInstanceAction,
  aLife,
  anOwnedSession,
  type Life,
  takeOver,
  until,
} from '../support/engine-session.js';
import { anImpact, aServer, aService, at } from '../support/engine-views.js';

async function aStory(t: ExecutionContext, cloud: Partial<CloudPort> = {}, settings: Partial<EngineSettings> = {}) {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const { sessionId } = session;
  const options = { session, cloud, settings: { leaseS: 100_000, ...settings } };
  const life = aLife(repositories, { ...options, lease });
  const begin = (effect: Pick<JournalEntry, 'kind' | 'subject' | 'action' | 'intent'>, on = life) =>
    on.context.writer.commit((unit) => beginEffect(on.context, unit, { host: 'c1', ...effect }));
  /** The newest state of an entry. */
  const after = async (entry: JournalEntry, on = life) => {
    await on.context.effects.settled();
    return repositories.journal.find(entry);
  };
  const nextLife = async () => {
    life.stop();
    return aLife(repositories, {
      ...options,
      lease: await takeOver(repositories, lease, 'engine-b'),
      clock: life.clock,
    });
  };
  return { repositories, session, sessionId, life, begin, after, nextLife };
}

const pluginEffect = (overrides: Partial<PluginIntent> = {}) => {
  const intent: PluginIntent = {
    type: 'compute',
    name: 'kernel',
    plugin: 'work',
    metadata: { version: 6 },
    sessionMetadata: {},
    begunAt: NOON.toISOString(),
    phase: 'run',
    ...overrides,
  };
  return { kind: 'plugin' as const, subject: 'c1', action: 'compute/kernel', intent: { ...intent } };
};

/** One run of `plugin` to its end. */
async function runOf(t: ExecutionContext, plugin: Partial<ActionPlugin> & Pick<ActionPlugin, 'run'>) {
  const story = await aStory(t);
  addAction(story.life.plugins, plugin);
  const begun = await story.begin(pluginEffect());
  story.life.context.effects.start(begun);
  const entry = await story.after(begun);
  const [run] = await story.repositories.pluginRuns.list(story.sessionId);
  return { ...story, entry, run };
}

test('a plug-in that says DONE is done, with host, type, name and metadata as asked for', async (t) => {
  const seen: unknown[] = [];
  const { entry, run, life } = await runOf(t, {
    run: async ({ host, type, name, metadata, attempt, sessionId }) => {
      seen.push({ host, type, name, metadata, attempt, sessionId: typeof sessionId });
      return 'DONE';
    },
  });
  t.deepEqual(seen, [
    { host: 'c1', type: 'compute', name: 'kernel', metadata: { version: 6 }, attempt: 1, sessionId: 'string' },
  ]);
  t.like(entry, { state: 'done', outcome: { state: 'DONE' } });
  t.like(run, { state: 'DONE', hostname: 'c1', name: 'kernel', plugin: 'work', endedAt: NOON });
  t.deepEqual(life.ended, ['effect']);
});

const endings: Readonly<Record<string, [run: () => Promise<string>, entry: object, state: string]>> = {
  'an empty text is a failure': [async () => '', { state: 'failed', outcome: { state: '' } }, 'FAILED'],
  'nothing at all is a failure': [
    async () => undefined as never,
    { state: 'failed', outcome: { state: '' } },
    'FAILED',
  ],
  'a text that contains FAILED is a failure': [
    async () => 'KERNEL_FAILED_HALFWAY',
    { state: 'failed' },
    'KERNEL_FAILED_HALFWAY',
  ],
  'an exception is a failure with its sentence': [
    async () => {
      throw new Error('ssh: no route');
    },
    { state: 'failed', outcome: { state: 'FAILED', message: 'ssh: no route' } },
    'FAILED',
  ],
  'any other text is its own word for done': [async () => 'REBOOTED', { state: 'done' }, 'REBOOTED'],
};
for (const [title, [run, expected, state]] of Object.entries(endings)) {
  test(`plug-in: ${title}`, async (t) => {
    const ended = await runOf(t, { run });
    t.like(ended.entry, expected);
    t.is(ended.run?.state, state);
    t.is(ended.entry?.outcome?.retryAt, undefined);
  });
}

const harmful: Readonly<Record<string, [run: ActionPlugin['run'], message: RegExp]>> = {
  'a text too long for a state': [async () => 'x'.repeat(256), /returned 256 characters; a state has at most 255/],
  'something without a text': [async () => Object.create(null), /Cannot convert object/],
  'an error without a sentence': [() => Promise.reject(Object.create(null)), /cannot be read/],
  'facts that are no JSON': [async ({ record }) => String(record({ n: 1n })), /Facts must be what JSON can hold/],
  'facts without end': [async ({ record }) => String(record({ x: 'x'.repeat(70_000) })), /at most 65536 are kept/],
  'a wait that it ended itself': [
    async ({ clock }) => String(await clock.sleep(at(5), AbortSignal.abort())),
    /^stopped$/,
  ],
};
for (const [what, [run, message]] of Object.entries(harmful)) {
  test(`plug-in: ${what} is a failure like any other`, async (t) => {
    const { entry } = await runOf(t, { run });
    t.like(entry, { state: 'failed', outcome: { state: 'FAILED' } });
    t.regex(String(entry?.outcome?.message), message);
  });
}

test('plug-in: what it says is shown while it runs, a little after it began and then now and again', async (t) => {
  const { life, begin, after, repositories, sessionId } = await aStory(t);
  const said: ((text: string) => void)[] = [];
  let end = (_state: string): void => undefined;
  addAction(life.plugins, {
    run: ({ output, record }) => {
      said.push(output);
      record({ step: 1 });
      return new Promise((resolve) => {
        end = resolve;
      });
    },
  });
  const say = (text: string): void => said[0]?.(text);
  const lines = async () =>
    (await repositories.history.list(sessionId)).flatMap(({ what, details }) =>
      what === 'plug-in-output' ? [[details.output, details.facts]] : [],
    );
  const shownAt = async (seconds: number, expected: unknown): Promise<void> => {
    life.clock.advanceTo(at(seconds));
    await until(async () => (await repositories.pluginRuns.list(sessionId))[0]?.output === expected);
  };
  await repositories.database.transaction((tx) =>
    repositories.pluginRuns.save(
      {
        ...{ sessionId, type: 'compute', name: 'kernel', plugin: 'work', hostname: 'c1', state: 'RUNNING' },
        ...{ attempt: 1, startedAt: NOON, endedAt: null },
      },
      tx,
    ),
  );
  const begun = await begin(pluginEffect());
  life.context.effects.start(begun);
  await until(() => said.length > 0);
  say('one\n');
  await shownAt(2, 'one\n');
  say('two\n');
  life.clock.advanceTo(at(16.9));
  t.is((await lines()).length, 1, 'not yet');
  say('x'.repeat(5000));
  await shownAt(17, `[2960 characters before this are not kept]\n${'x'.repeat(2048)}`);
  end('DONE');
  const entry = await after(begun);
  t.deepEqual(await lines(), [
    ['one\n', { step: 1 }],
    [`[908 characters before this are not kept]\n${'x'.repeat(4096)}`, undefined],
  ]);
  t.is(entry?.outcome?.output, `one\ntwo\n${'x'.repeat(5000)}`);
  t.is(life.clock.nextDue(), undefined, 'nothing is left to be shown');
});

test('plug-in: one that never stops talking fills fifty lines of history and no more', async (t) => {
  const { life, begin, after, repositories, sessionId } = await aStory(t);
  addAction(life.plugins, {
    run: async ({ output, clock }) => {
      for (let i = 0; i < 90; i += 1) {
        output(`${i} `);
        await clock.sleep(at((i + 1) * 15 + 3));
      }
      return 'DONE';
    },
  });
  const begun = await begin(pluginEffect());
  life.context.effects.start(begun);
  const { ended } = life;
  while (ended.length === 0) {
    const due = life.clock.nextDue();
    if (due !== undefined) life.clock.advanceTo(due);
    await repositories.pluginRuns.list(sessionId);
  }
  await after(begun);
  const told = (await repositories.history.list(sessionId)).filter(({ what }) => what === 'plug-in-output');
  t.is(told.length, 50);
});

test('plug-in: one without a retry class is tried as the configuration says', async (t) => {
  const { life, begin, after } = await aStory(t, {}, { pluginRetry: { attempts: 2, waitS: 30 } });
  addAction(life.plugins, { run: async () => 'FAILED' });
  const first = await begin(pluginEffect());
  life.context.effects.start(first);
  t.like(await after(first), { state: 'failed', outcome: { retryAt: at(30).toISOString() } });
  const second = await begin(pluginEffect());
  life.context.effects.start(second);
  t.is((await after(second))?.outcome?.retryAt, undefined);
  addAction(life.plugins, { name: 'own', retry: { attempts: 1, waitS: 0 }, run: async () => 'FAILED' });
  const own = await begin({ ...pluginEffect({ plugin: 'own' }), action: 'compute/own' });
  life.context.effects.start(own);
  t.is((await after(own))?.outcome?.retryAt, undefined);
});

test('plug-in: only the yes of verify makes DONE', async (t) => {
  const no = await runOf(t, { run: async () => 'DONE', verify: async () => false });
  t.like(no.entry, { state: 'failed', outcome: { state: 'FAILED' } });
  const yes = await runOf(t, { run: async () => 'DONE', verify: async () => true });
  t.like(yes.entry, { state: 'done' });
});

test('plug-in: what a run remembers is there after a crash and in the next attempt, not elsewhere', async (t) => {
  const { life, begin, after, nextLife } = await aStory(t);
  const seen: unknown[] = [];
  const plugin = {
    retry: { attempts: 2, waitS: 0 },
    run: async ({ remember, remembered, attempt }: ActionContext) => {
      seen.push({ attempt, ...remembered });
      await remember({ step: seen.length });
      await remember({ boot: `b${seen.length}` });
      seen.push({ ...remembered });
      if (seen.length === 2) await new Promise(() => undefined);
      return 'FAILED';
    },
  };
  addAction(life.plugins, plugin);
  const begun = await begin(pluginEffect());
  life.context.effects.start(begun);
  await until(() => seen.length === 2);
  const next = await nextLife();
  addAction(next.plugins, plugin);
  next.context.effects.resume(begun);
  t.like(await after(begun, next), {
    state: 'failed',
    intent: { name: 'kernel', remembered: { step: 3, boot: 'b3' } },
  });
  const again = await begin(pluginEffect(), next);
  next.context.effects.start(again);
  await after(again, next);
  const elsewhere = await begin({ ...pluginEffect(), subject: 'c2' }, next);
  next.context.effects.start(elsewhere);
  await after(elsewhere, next);
  t.deepEqual(seen, [
    { attempt: 1 },
    { step: 1, boot: 'b1' },
    { attempt: 1, step: 1, boot: 'b1' },
    { step: 3, boot: 'b3' },
    { attempt: 2, step: 3, boot: 'b3' },
    { step: 5, boot: 'b5' },
    { attempt: 1 },
    { step: 7, boot: 'b7' },
  ]);
});

test('plug-in: what does not end in its domain time is failed then, and told to stop', async (t) => {
  const { life, begin, after } = await aStory(t);
  let signal: AbortSignal | undefined;
  addAction(life.plugins, {
    timeoutS: 100,
    run: (context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    },
  });
  const begun = await begin(pluginEffect());
  life.context.effects.start(begun);
  life.clock.advanceTo(at(99.999));
  await until(() => signal !== undefined);
  t.false(signal?.aborted);
  life.clock.advanceTo(at(100));
  t.like(await after(begun), { state: 'failed', outcome: { message: 'kernel did not end within 100 s.' } });
  t.true(signal?.aborted);
});

test('plug-in: without a time of its own the configured one counts', async (t) => {
  const { life, begin, after } = await aStory(t, {}, { actionPluginTimeoutS: 7 });
  addAction(life.plugins, { run: () => new Promise(() => undefined) });
  const begun = await begin(pluginEffect());
  life.context.effects.start(begun);
  await until(() => life.clock.nextDue() !== undefined);
  t.deepEqual(life.clock.nextDue(), at(7));
  life.clock.advanceTo(at(7));
  t.like(await after(begun), { state: 'failed' });
});

test('plug-in: what an earlier life had begun long ago is looked for, and has its time again', async (t) => {
  const { life, begin, after } = await aStory(t, {}, { actionPluginTimeoutS: 7 });
  addAction(life.plugins, { probe: async () => true, run: () => new Promise(() => undefined) });
  const begun = await begin(pluginEffect());
  life.clock.advanceTo(at(500));
  life.context.effects.resume(begun);
  t.like(await after(begun), { state: 'done' });
});

test('plug-in: its retry class says when it may be tried again, until it is used up', async (t) => {
  const { life, begin, after } = await aStory(t);
  addAction(life.plugins, { retry: { attempts: 2, waitS: 30 }, run: async () => 'FAILED' });
  const first = await begin(pluginEffect());
  life.context.effects.start(first);
  t.is((await after(first))?.outcome?.retryAt, at(30).toISOString());
  const second = await begin(pluginEffect());
  t.is(second.attempt, 2);
  life.context.effects.start(second);
  const ended = await after(second);
  t.is(ended?.state, 'failed');
  t.is(ended?.outcome?.retryAt, undefined);
});

for (const wasDone of [true, false]) {
  test(`plug-in: after a crash the probe is asked; its ${wasDone ? 'yes is DONE' : 'no runs it again'}`, async (t) => {
    const { life, begin, after, nextLife } = await aStory(t);
    const begun = await begin(pluginEffect());
    t.is(life.context.effects.count, 0);
    const next = await nextLife();
    const calls: string[] = [];
    addAction(next.plugins, {
      probe: async () => {
        calls.push('probe');
        return wasDone;
      },
      run: async () => {
        calls.push('run');
        return 'DONE';
      },
    });
    next.context.effects.resume(begun);
    t.like(await after(begun, next), { state: 'done', attempt: 1 });
    t.deepEqual(calls, wasDone ? ['probe'] : ['probe', 'run']);
  });
}

test('plug-in: a fresh run asks no probe', async (t) => {
  const { entry } = await runOf(t, {
    probe: async () => t.fail('nobody ran it before') as never,
    run: async () => 'DONE',
  });
  t.like(entry, { state: 'done' });
});

test('plug-in: when the outcome could not be written down, the probe is asked before another run', async (t) => {
  const { life, begin, after, repositories } = await aStory(t);
  const calls: string[] = [];
  addAction(life.plugins, {
    run: async () => {
      calls.push('run');
      return 'DONE';
    },
    probe: async () => {
      calls.push('probe');
      return true;
    },
  });
  const { pluginRuns } = repositories;
  const save = pluginRuns.save.bind(pluginRuns);
  let isAway = true;
  pluginRuns.save = async (run, tx) => {
    if (isAway) throw new Error('the database is away');
    return save(run, tx);
  };
  const begun = await begin(pluginEffect());
  life.context.effects.start(begun);
  await until(() => life.machine.nextDueMs() !== undefined);
  t.like(await repositories.journal.find(begun), { state: 'begun' });
  isAway = false;
  await goOn(life);
  t.like(await after(begun), { state: 'done' });
  t.deepEqual(calls, ['run', 'probe']);
});

const cutShort: Readonly<Record<string, (end: { resolve(state: string): void; reject(error: Error): void }) => void>> =
  {
    'by an exception': ({ reject }) => reject(new Error('killed')),
    'by an empty text': ({ resolve }) => resolve(''),
  };
for (const [how, end] of Object.entries(cutShort)) {
  test(`plug-in: one that ends ${how} while the engine lets go has not failed`, async (t) => {
    const { life, begin, after } = await aStory(t);
    let running: Parameters<typeof end>[0] | undefined;
    addAction(life.plugins, {
      run: () =>
        new Promise((resolve, reject) => {
          running = { resolve, reject };
        }),
    });
    const begun = await begin(pluginEffect());
    life.context.effects.start(begun);
    await until(() => running !== undefined);
    // A signal to the whole process group reaches the plug-in's command a moment before us.
    if (running !== undefined) end(running);
    life.stop();
    t.like(await after(begun), { state: 'begun', outcome: null });
  });
}

/** A cloud with one compute service that remembers what was done to it. */
function oneService(service: Partial<ComputeService> = {}) {
  const state = { ...aService('c1'), ...service } as { -readonly [K in keyof ComputeService]: ComputeService[K] };
  const calls: string[] = [];
  const cloud: Partial<CloudPort> = {
    services: async () => [{ ...state }],
    disableService: async (id, reason) => {
      calls.push(`disable ${id}`);
      Object.assign(state, { enabled: false, disabledReason: reason });
    },
    enableService: async (id) => {
      calls.push(`enable ${id}`);
      Object.assign(state, { enabled: true, disabledReason: null });
    },
  };
  return { cloud, calls, state };
}

async function change(t: ExecutionContext, action: 'disable' | 'enable', service: Partial<ComputeService>, host = {}) {
  const world = oneService(service);
  const story = await aStory(t, world.cloud);
  const { repositories, sessionId, life } = story;
  const record: SessionHost = aHost({ sessionId, hostname: 'c1', disabled: true, ...host });
  await life.context.writer.commit(({ tx }) => repositories.hosts.add([record], tx));
  const intent = { disable: action === 'disable' ? { reason: `fenix ${sessionId}` } : null };
  const begun = await story.begin({ kind: 'service', subject: 'c1', action, intent });
  life.context.effects.start(begun);
  const entry = await story.after(begun);
  const [stored] = await repositories.hosts.list(sessionId);
  return { ...story, ...world, entry, stored };
}

test('service: disabled with the session in the reason; the duty to enable stays written down', async (t) => {
  const { calls, state, entry, stored, sessionId } = await change(t, 'disable', {});
  t.deepEqual(calls, ['disable nova-compute@c1']);
  t.is(state.disabledReason, `fenix ${sessionId}`);
  t.like(entry, { state: 'done' });
  t.true(stored?.disabled);
});

test('service: what an earlier session of ours left disabled becomes this session’s', async (t) => {
  const { state, sessionId } = await change(t, 'disable', {
    enabled: false,
    disabledReason: 'fenix another: it failed',
  });
  t.is(state.disabledReason, `fenix ${sessionId}`);
});

test('service: what others disabled meanwhile keeps their reason', async (t) => {
  const { calls, entry } = await change(t, 'disable', { enabled: false, disabledReason: 'broken fan' });
  t.deepEqual(calls, []);
  t.like(entry, { state: 'done' });
});

const enabling: Readonly<Record<string, [Partial<ComputeService>, string[]]>> = {
  'ours is enabled': [{ enabled: false, disabledReason: 'fenix 1234' }, ['enable nova-compute@c1']],
  'ours with a reason is enabled': [{ enabled: false, disabledReason: 'fenix 1234: why' }, ['enable nova-compute@c1']],
  'what others disabled meanwhile is left alone': [{ enabled: false, disabledReason: 'broken fan' }, []],
  'what others disabled without a reason is left alone': [{ enabled: false, disabledReason: null }, []],
  'what is enabled already stays so': [{}, []],
  'a service that Nova has no more is owed nothing': [{ host: 'other' }, []],
};
for (const [title, [service, expected]] of Object.entries(enabling)) {
  test(`service: ${title}, and the duty is done`, async (t) => {
    const { calls, entry, stored } = await change(t, 'enable', service);
    t.deepEqual(calls, expected);
    t.like(entry, { state: 'done' });
    t.false(stored?.disabled);
  });
}

for (const action of ['disable', 'enable'] as const) {
  test(`service: that Nova is busy with something else (409) passes, and then it is ${action}d`, async (t) => {
    const world = oneService(action === 'disable' ? {} : { enabled: false, disabledReason: 'fenix 1234' });
    let isBusy = true;
    const unlessBusy = async (work: () => Promise<void>): Promise<void> => {
      const wasBusy = isBusy;
      isBusy = false;
      if (wasBusy) throw new FenixError('conflict', 'cloud-conflict', 'Not now.');
      await work();
    };
    const { disableService, enableService } = world.cloud as CloudPort;
    const { life, begin, after } = await aStory(t, {
      ...world.cloud,
      disableService: (id, reason) => unlessBusy(() => disableService(id, reason)),
      enableService: (id) => unlessBusy(() => enableService(id)),
    });
    const intent = { disable: action === 'disable' ? { reason: 'fenix 1234' } : null };
    const begun = await begin({ kind: 'service', subject: 'c1', action, intent });
    life.context.effects.start(begun);
    await until(() => life.machine.nextDueMs() !== undefined);
    life.machine.advanceMs(500);
    t.like(await after(begun), { state: 'done' });
    t.is(world.state.enabled, action === 'enable');
  });
}

/** A host that is taken and given back at once, while Nova is busy with something else. */
async function takenAndGivenBack(t: ExecutionContext) {
  const world = oneService({});
  const { disableService } = world.cloud as CloudPort;
  let isBusy = true;
  const story = await aStory(t, {
    ...world.cloud,
    disableService: async (id, reason) => {
      if (isBusy) throw new FenixError('conflict', 'cloud-conflict', 'Not now.');
      await disableService(id, reason);
    },
  });
  const { sessionId, life, begin, repositories } = story;
  const host = aHost({ sessionId, hostname: 'c1', disabled: true });
  await life.context.writer.commit(({ tx }) => repositories.hosts.add([host], tx));
  const about = { kind: 'service', subject: 'c1' } as const;
  const taking = await begin({ ...about, action: 'disable', intent: { disable: { reason: `fenix ${sessionId}` } } });
  const giving = await begin({ ...about, action: 'enable', intent: { disable: null } });
  life.context.effects.start(taking);
  life.context.effects.start(giving);
  await until(() => life.machine.nextDueMs() !== undefined);
  const isFree = (): void => {
    isBusy = false;
  };
  return { ...story, ...world, taking, giving, isFree };
}

const inOrder = ['disable nova-compute@c1', 'enable nova-compute@c1'];

test('service: changes of one service go out in the order in which they were decided (L6)', async (t) => {
  const { life, calls, state, isFree, giving, after } = await takenAndGivenBack(t);
  t.deepEqual(calls, [], 'the second waits for the first');
  isFree();
  life.machine.advanceMs(500);
  t.like(await after(giving), { state: 'done' });
  t.deepEqual(calls, inOrder);
  t.true(state.enabled);
});

test('service: nothing of that goes out when an engine stops; the next one keeps the order', async (t) => {
  const { calls, state, isFree, taking, giving, after, nextLife } = await takenAndGivenBack(t);
  const next = await nextLife();
  t.like(await after(giving), { state: 'begun' });
  t.deepEqual(calls, []);
  isFree();
  for (const entry of await next.context.repositories.journal.current(next.context.sessionId)) {
    next.context.effects.resume(entry);
  }
  await until(() => next.machine.nextDueMs() !== undefined);
  next.machine.advanceMs(60_000);
  t.like(await after(giving, next), { state: 'done' });
  t.like(await after(taking, next), { state: 'done' });
  t.deepEqual(calls, inOrder);
  t.true(state.enabled);
});

test('service: a refusal is recorded and the duty stays', async (t) => {
  const denied = new FenixError('denied', 'forbidden', 'Policy does not allow it.');
  const world = oneService({ enabled: false, disabledReason: 'fenix 1234' });
  const { life, begin, after, repositories, sessionId } = await aStory(t, {
    ...world.cloud,
    enableService: () => Promise.reject(denied),
  });
  const host = aHost({ sessionId, hostname: 'c1', disabled: true });
  await life.context.writer.commit(({ tx }) => repositories.hosts.add([host], tx));
  const begun = await begin({ kind: 'service', subject: 'c1', action: 'enable', intent: { disable: null } });
  life.context.effects.start(begun);
  t.like(await after(begun), { state: 'failed', outcome: { code: 'forbidden', message: 'Policy does not allow it.' } });
  t.true((await repositories.hosts.list(sessionId))[0]?.disabled);
});

/** A move of i1 from c1 to c2, admitted, with the given end. */
async function aMove(
  t: ExecutionContext,
  run: InstanceActionPlugin['run'],
  cloud: Partial<CloudPort> = {},
  settle?: InstanceActionPlugin['run'],
  changes: Partial<MoveIntent> = {},
) {
  const story = await aStory(t, cloud);
  const { repositories, sessionId, life } = story;
  addInstanceAction(life.plugins, { run, name: changes.action ?? 'MIGRATE', ...(settle && { settle }) });
  const intent: MoveIntent = {
    action: 'MIGRATE',
    from: 'c1',
    target: 'c2',
    statusBefore: 'ACTIVE',
    projectId: 'tenant',
    recoveryTimeS: 60,
    begunAt: NOON.toISOString(),
    ...changes,
  };
  const effect = { kind: 'move' as const, subject: 'i1', host: 'c1', action: 'move', intent: { ...intent } };
  const begun = await life.context.writer.commit(async (unit) => {
    await repositories.impacts.insert(anImpact({ sessionId, instanceId: 'i1', action: intent.action }), unit.tx);
    await repositories.instances.save(anInstance({ sessionId, instanceId: 'i1', host: 'c1' }), unit.tx);
    return beginEffect(life.context, unit, effect);
  });
  life.clock.advanceTo(at(10));
  life.context.effects.start(begun);
  return { ...story, begun };
}

async function endOf(t: ExecutionContext, outcome: MoveOutcome, action: MoveIntent['action'] = 'MIGRATE') {
  const story = await aMove(t, async () => outcome, {}, undefined, { action });
  const { repositories, sessionId } = story;
  const entry = await story.after(story.begun);
  const [impact] = await repositories.impacts.list(sessionId);
  const [instance] = await repositories.instances.list(sessionId);
  const notices = await repositories.notices.list(sessionId);
  const facts = await repositories.facts.list(sessionId);
  return { ...story, entry, impact, instance, notices, facts };
}

test('move: moved: its place is held for the recovery time, the project is told, the target kept', async (t) => {
  const { entry, impact, instance, notices, facts, repositories, sessionId } = await endOf(t, {
    result: 'moved',
    host: 'c2',
  });
  t.like(entry, { state: 'done', outcome: { result: 'moved', host: 'c2' } });
  t.like(impact, { endedAt: at(10), recoveredAt: at(70) });
  t.like(instance, { host: 'c2', actionDone: true });
  t.is(notices.length, 1);
  t.like(notices[0], { state: 'INSTANCE_ACTION_DONE', instanceId: 'i1', replyAt: null, outcome: 'informed' });
  const [told] = await repositories.outbox.pending(sessionId, 10);
  t.like(told?.payload, { state: 'INSTANCE_ACTION_DONE', instance_ids: ['i1'], project_id: 'tenant' });
  t.deepEqual(facts, []);
});

test('move: gone is as good as moved', async (t) => {
  const { entry, impact, instance, notices } = await endOf(t, { result: 'gone' });
  t.like(entry, { state: 'done' });
  t.like(impact, { endedAt: at(10), recoveredAt: at(70) });
  t.like(instance, { state: 'GONE', actionDone: true });
  t.is(notices.length, 1);
});

test('move: a refusal becomes a fact about that target, needs no rest and is told to nobody', async (t) => {
  const refused = { result: 'refused', code: 'no-valid-host', message: 'Not fit.' } as const;
  const { entry, impact, instance, notices, facts } = await endOf(t, refused);
  t.like(entry, { state: 'refused' });
  t.like(impact, { endedAt: at(10), recoveredAt: at(10) });
  t.like(instance, { host: 'c1', actionDone: false });
  t.deepEqual(notices, []);
  t.like(facts[0], { instanceId: 'i1', host: 'c2', code: 'no-valid-host', message: 'Not fit.', at: at(10) });
});

test('move: a refusal after the instance had been out of service rests as long as a move', async (t) => {
  const refused = { result: 'refused', code: 'came-back', message: 'Given back.', touched: true } as const;
  const { impact, facts } = await endOf(t, refused);
  t.like(impact, { endedAt: at(10), recoveredAt: at(70) });
  t.like(facts[0], { host: 'c2', code: 'came-back' });
});

test('move: a failure rests as long as a move and makes no fact', async (t) => {
  const { entry, impact, facts, notices } = await endOf(t, { result: 'failed', code: 'time-out', message: 'Late.' });
  t.like(entry, { state: 'failed', outcome: { code: 'time-out', message: 'Late.' } });
  t.like(impact, { endedAt: at(10), recoveredAt: at(70) });
  t.deepEqual(facts, []);
  t.deepEqual(notices, []);
});

test('move: one that was stopped instead is impacted until it is started, and its project hears nothing yet', async (t) => {
  const { entry, impact, instance, notices } = await endOf(t, { result: 'stopped', wasRunning: true }, 'STOP_START');
  t.like(entry, { state: 'done', outcome: { result: 'stopped' } });
  t.like(impact, { endedAt: null, recoveredAt: null });
  t.like(instance, { host: 'c1', actionDone: false });
  t.deepEqual(notices, []);
  const late = await endOf(t, { result: 'failed', code: 'time-out', message: 'Late.' }, 'STOP_START');
  t.is(late.impact?.endedAt, null, 'it may stop yet');
  const off = await endOf(t, { result: 'stopped', wasRunning: false }, 'STOP_START');
  t.like(off.impact, { endedAt: at(10), recoveredAt: at(10) });
  t.is(off.notices.length, 1);
});

test('move: a refusal that was not for the target makes no fact', async (t) => {
  const refused = { result: 'refused', code: 'busy', message: 'Its host is up.', otherWay: true } as const;
  const { facts } = await endOf(t, refused, 'EVACUATE');
  t.deepEqual(facts, []);
});

/** i1 was stopped on c1 by the real plug-in's first half; now its start, on a cloud with that one server. */
async function aStart(t: ExecutionContext, start: (server: { status: string }) => Promise<void>) {
  const server = { ...aServer('i1', 'c1'), status: 'SHUTOFF' };
  const cloud: Partial<CloudPort> = {
    server: async () => ({ ...server }),
    servers: async () => [{ ...server }],
    services: async () => [],
    capacities: async () => [],
    start: () => start(server),
  };
  const stopped = { result: 'stopped', wasRunning: true } as const;
  const story = await aMove(t, async () => stopped, cloud, undefined, { action: 'STOP_START' });
  await story.after(story.begun);
  const { repositories, sessionId, life } = story;
  const plugins = new Map([['STOP_START', stopStart]]);
  const use = (on: Life): void => {
    on.plugins.instanceAction = (name) => plugins.get(name as 'STOP_START') ?? stopStart;
  };
  use(life);
  const [impact] = await repositories.impacts.list(sessionId);
  if (impact === undefined) throw new Error('no impact');
  const entry = await life.context.writer.commit((unit) => beginStart(life.context, unit, impact));
  /** Lets it run to its end, domain time going on. */
  const runOn = async (on: Life): Promise<void> => {
    on.context.effects.resume(entry);
    let ended = false;
    void on.context.effects.settled().then(() => {
      ended = true;
    });
    await until(() => {
      const due = on.clock.nextDue();
      if (due !== undefined) on.clock.advanceTo(due);
      const dueMs = on.machine.nextDueMs();
      if (dueMs !== undefined) on.machine.advanceMs(dueMs);
      return ended;
    });
  };
  const impactNow = async () => (await repositories.impacts.list(sessionId))[0];
  return { ...story, entry, runOn, impactNow, use, server };
}

test('start: it ends the impact, which its recovery time outlasts, and tells the project', async (t) => {
  const story = await aStart(t, async (server) => {
    server.status = 'ACTIVE';
  });
  await story.runOn(story.life);
  t.like(await story.repositories.journal.find(story.entry), { state: 'done', outcome: { result: 'started' } });
  const impact = await story.impactNow();
  t.is((impact?.recoveredAt?.getTime() ?? 0) - (impact?.endedAt?.getTime() ?? 0), 60_000);
  const notices = await story.repositories.notices.list(story.sessionId);
  t.deepEqual(
    notices.map(({ state, instanceId }) => [state, instanceId]),
    [['INSTANCE_ACTION_DONE', 'i1']],
  );
});

test('start: a refusal is a failure, and the instance stays impacted and owed', async (t) => {
  const story = await aStart(t, () => Promise.reject(new FenixError('denied', 'forbidden', 'No.')));
  await story.runOn(story.life);
  t.like(await story.repositories.journal.find(story.entry), { state: 'failed', outcome: { code: 'forbidden' } });
  t.is((await story.impactNow())?.endedAt, null);
});

for (const wasDone of [true, false]) {
  test(`start: after a crash in the midst of the request the world is asked; its ${wasDone ? 'yes' : 'no'} counts`, async (t) => {
    let asked = 0;
    const story = await aStart(t, async (server) => {
      asked += 1;
      if (asked === 1) {
        if (wasDone) server.status = 'ACTIVE';
        story.life.stop();
        throw new Stopped();
      }
      server.status = 'ACTIVE';
    });
    await story.runOn(story.life);
    t.like(await story.repositories.journal.find(story.entry), { state: 'begun' });
    const next = await story.nextLife();
    story.use(next);
    await story.runOn(next);
    t.like(await story.repositories.journal.find(story.entry), { state: 'done' });
    t.is(asked, wasDone ? 1 : 2);
    t.not((await story.impactNow())?.endedAt, null);
  });
}

test('move: what the cloud refuses for good is a failure', async (t) => {
  const { begun, after } = await aMove(t, () => Promise.reject(new FenixError('denied', 'forbidden', 'No.')));
  t.like(await after(begun), { state: 'failed', outcome: { code: 'forbidden', message: 'No.' } });
});

test('move: taken back: it rests like any that was touched, and nobody is told', async (t) => {
  const { entry, impact, instance, notices, facts } = await endOf(t, { result: 'reverted', message: 'Back.' });
  t.like(entry, { state: 'failed', outcome: { result: 'reverted' } });
  t.like(impact, { endedAt: at(10), recoveredAt: at(70) });
  t.like(instance, { host: 'c1', actionDone: false });
  t.deepEqual([notices, facts], [[], []]);
});

const LATE: MoveOutcome = { result: 'failed', code: 'time-out', message: 'Not within 600 s.', underWay: true };

test('move: given up while the cloud is at it, it stays impacted until it is seen to its end, over a crash', async (t) => {
  const story = await aMove(
    t,
    async () => LATE,
    {},
    () => new Promise(() => undefined),
  );
  const { repositories, sessionId, life, begun } = story;
  const settling = { sessionId, subject: 'i1', action: 'settle', attempt: 1 };
  await until(async () => (await repositories.journal.find(settling)) !== undefined);
  await until(() => life.context.effects.settling === 1);
  t.is(life.context.effects.count, 0, 'no decision waits for it');
  t.like(await repositories.journal.find(begun), { state: 'failed' });
  t.like((await repositories.impacts.list(sessionId))[0], { endedAt: null, recoveredAt: null });
  const next = await story.nextLife();
  addInstanceAction(next.plugins, { run: async () => LATE, settle: async () => ({ result: 'moved', host: 'c2' }) });
  next.clock.advanceTo(at(900));
  next.context.effects.resume((await repositories.journal.find(settling)) as JournalEntry);
  await next.context.effects.settled();
  t.like(await repositories.journal.find(settling), { state: 'done', outcome: { result: 'moved', host: 'c2' } });
  t.like((await repositories.impacts.list(sessionId))[0], { endedAt: at(900), recoveredAt: at(960) });
  t.like((await repositories.notices.list(sessionId))[0], { state: 'INSTANCE_ACTION_DONE', instanceId: 'i1' });
});

test('move: a request to take it back that the engine died over is looked for, and not sent twice', async (t) => {
  const requests: string[] = [];
  const isBack = () => requests.length > 0;
  const write = { run: async () => void requests.push('revert'), probe: async () => isBack() };
  const dies = async (): Promise<void> => {
    await write.run();
    throw new Stopped();
  };
  const story = await aMove(t, async ({ once }) => {
    await once('revert', { ...write, run: dies });
    return { result: 'gone' };
  });
  await until(isBack);
  const next = await story.nextLife();
  await story.life.context.effects.settled();
  addInstanceAction(next.plugins, {
    run: async ({ once, begun, takeBack }) => {
      t.true(await begun('revert'));
      t.false(await begun('confirm'));
      t.true(takeBack.aborted);
      await once('revert', write);
      return { result: 'reverted', message: 'Back.' };
    },
  });
  next.context.takeBack.abort();
  next.context.effects.resume((await story.repositories.journal.find(story.begun)) as JournalEntry);
  t.like(await story.after(story.begun, next), { state: 'failed', outcome: { result: 'reverted' } });
  t.deepEqual(requests, ['revert']);
});

/** Lets an effect that broke off wait and go on. */
async function goOn(life: Life) {
  await until(() => life.machine.nextDueMs() !== undefined);
  life.machine.advanceMs(life.machine.nextDueMs() as number);
}

for (const error of [new FenixError('transient', 'nova-busy', 'Busy.'), new Error('the database is away')]) {
  test(`move: "${error.message}" breaks it off, and it is gone on with, not failed and not forgotten`, async (t) => {
    let runs = 0;
    const { begun, after, life, repositories } = await aMove(t, async () => {
      runs += 1;
      if (runs < 3) throw error;
      return { result: 'gone' };
    });
    await goOn(life);
    t.like(await repositories.journal.find(begun), { state: 'begun' });
    await goOn(life);
    t.like(await after(begun), { state: 'done' });
    t.is(runs, 3);
    t.deepEqual(life.ended, ['effect']);
  });
}

test('move: broken off and told to stop, it stays begun for the next owner', async (t) => {
  const { begun, after, life } = await aMove(t, () => Promise.reject(new Error('the database is away')));
  await until(() => life.machine.nextDueMs() !== undefined);
  life.stop();
  t.like(await after(begun), { state: 'begun' });
});

test('an effect that is under way is not started twice', async (t) => {
  let runs = 0;
  const { begun, after, life } = await aMove(t, async () => {
    runs += 1;
    return { result: 'gone' };
  });
  life.context.effects.start(begun);
  life.context.effects.resume(begun);
  await after(begun);
  t.is(runs, 1);
});

test('watch: the server is judged in every fresh view until there is a verdict', async (t) => {
  let reads = 0;
  const cloud: Partial<CloudPort> = {
    services: async () => [],
    capacities: async () => [],
    servers: async () => {
      reads += 1;
      return [aServer('other', 'c1'), ...(reads < 3 ? [aServer('i1', 'c1')] : [])];
    },
  };
  const story = await aStory(t, cloud);
  const { life, begin, after } = story;
  const seen: (string | undefined)[] = [];
  addInstanceAction(life.plugins, {
    run: async ({ watch }) => {
      await watch((server) => {
        seen.push(server?.id);
        return server === undefined ? 'gone' : undefined;
      }, at(1000));
      return { result: 'gone' };
    },
  });
  const intent = { action: 'MIGRATE', from: 'c1', target: 'c2', projectId: 'tenant', recoveryTimeS: 0, begunAt: NOON };
  const begun = await begin({ kind: 'move', subject: 'i1', action: 'move', intent });
  life.context.effects.start(begun);
  for (const seconds of [2, 4, 6]) {
    await until(() => life.clock.nextDue()?.getTime() === at(seconds).getTime());
    life.clock.advanceTo(at(seconds));
  }
  t.like(await after(begun), { state: 'done' });
  t.deepEqual(seen, ['i1', 'i1', undefined]);
});

test('watch: after its time there is no verdict; trouble with the cloud meanwhile is borne', async (t) => {
  const cloud: Partial<CloudPort> = {
    services: async () => [],
    capacities: async () => [],
    servers: async () => {
      if (life.clock.now() < at(4)) throw new FenixError('transient', 'nova-busy', 'Busy.');
      return [];
    },
  };
  const { life, begin, after } = await aStory(t, cloud);
  let verdict: unknown = 'none yet';
  addInstanceAction(life.plugins, {
    run: async ({ watch }) => {
      verdict = await watch(() => undefined, at(5));
      return { result: 'failed', code: 'time-out', message: 'Late.' };
    },
  });
  const intent = { action: 'MIGRATE', from: 'c1', target: 'c2', projectId: 'tenant', recoveryTimeS: 0, begunAt: NOON };
  const begun = await begin({ kind: 'move', subject: 'i1', action: 'move', intent });
  life.context.effects.start(begun);
  for (const seconds of [2, 4, 6]) {
    await until(() => life.clock.nextDue()?.getTime() === at(seconds).getTime());
    t.is(verdict, 'none yet');
    life.clock.advanceTo(at(seconds));
  }
  t.like(await after(begun), { state: 'failed' });
  t.is(verdict, undefined);
});

test('watch: a stopped owner waits for no view, and nobody’s error goes unheard', async (t) => {
  const { life } = await aStory(t);
  life.stop();
  await t.throwsAsync(life.context.watch.next(life.context.stopping), { name: 'Stopped' });
  life.context.watch.close();
});
