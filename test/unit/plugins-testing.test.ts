import test from 'ava';
import { ScriptedPrograms, tryAction, tryInstanceAction } from '../../src/workflow/testing/index.js';
import { httpDouble } from '../support/http-double.js';

type Given = Parameters<typeof tryAction>[1];

const base = { name: 'work', version: '1' };
const returning = (state: string) => ({ ...base, run: async () => state });

interface Context {
  readonly attempt: number;
  readonly phase: string;
  readonly clock: { now(): Date; sleep(until: Date, signal?: AbortSignal): Promise<void> };
  readonly signal: AbortSignal;
  readonly metadata: Record<string, string>;
  readonly remote: { run(argv: string[], options?: object): Promise<{ stdout: string; code: number | null }> };
  readonly log: { info(fields: object, message: string): void };
  output(text: string): void;
  record(facts: object): void;
  remember(facts: object): Promise<void>;
  readonly remembered: Record<string, unknown>;
}

const later = ({ clock }: Context, seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000);

test('a trial tells what a session would show: state, output, facts, programs, log and time', async (t) => {
  const plugin = {
    ...base,
    run: async (context: Context) => {
      const { stdout } = await context.remote.run(['uname', '-r']);
      await context.remote.run(['cat', '/secret'], { quiet: true });
      await context.clock.sleep(later(context, 90), context.signal);
      context.record({ kernel: stdout.trim() });
      context.log.info({ n: 1 }, 'a line');
      context.output('said\n');
      return 'DONE';
    },
  };
  const remote = [
    { argv: ['uname'], stdout: '6.1\n' },
    { argv: ['cat', '/secret'], stdout: 'xyz' },
    { argv: ['never'] },
  ];
  t.deepEqual(await tryAction(plugin, { remote }), {
    state: 'DONE',
    attempts: 1,
    output: '6.1\nsaid\n',
    facts: { kernel: '6.1' },
    changes: [],
    remembered: {},
    ran: {
      remote: [
        { argv: ['uname', '-r'], options: {} },
        { argv: ['cat', '/secret'], options: { quiet: true } },
      ],
      local: [],
    },
    left: { remote: [{ argv: ['never'] }], local: [] },
    tookS: 90,
    log: [{ level: 'info', fields: { n: 1 }, message: 'a line' }],
  });
});

test('a trial retries as declared, and believes verify', async (t) => {
  const retry = { attempts: 3, waitS: 60 };
  const mended = { ...base, retry, run: async ({ attempt }: Context) => (attempt < 3 ? 'FAILED' : 'DONE') };
  t.like(await tryAction(mended), { state: 'DONE', attempts: 3, tookS: 120 });
  t.like(await tryAction({ ...returning('FAILED'), retry }), { state: 'FAILED', attempts: 3, tookS: 120 });
  const unseen = { ...returning('DONE'), verify: async () => false };
  t.like(await tryAction(unseen), { state: 'FAILED', message: 'work says that its work cannot be seen on the host.' });
});

test('a trial begins with the check, and goes no further when that says no', async (t) => {
  const asked: string[] = [];
  const plugin = {
    ...base,
    check: async ({ phase, metadata }: Context) => asked.push(phase) > 0 && metadata.fits === 'yes',
    run: async ({ phase }: Context) => String(asked.push(phase)),
    undo: async ({ phase }: Context) => String(asked.push(phase)),
  };
  t.like(await tryAction(plugin), { state: 'FAILED', message: 'work says that it cannot run here.', attempts: 0 });
  t.like(await tryAction(plugin, { metadata: { fits: 'yes' } }), { state: '3', attempts: 1 });
  t.like(await tryAction(plugin, { phase: 'undo' }), { state: '4' });
  t.like(await tryAction(plugin, { phase: 'check', metadata: { fits: 'yes' } }), { state: 'DONE' });
  t.deepEqual(asked, ['check', 'check', 'run', 'undo', 'check']);
});

test('a trial remembers over tries, and hands on what an earlier run remembered', async (t) => {
  const plugin = {
    ...base,
    retry: { attempts: 2, waitS: 1 },
    run: async ({ remember, remembered, attempt }: Context) => {
      await remember({ [`try${attempt}`]: remembered.before ?? remembered.try1 });
      return attempt === 1 ? 'FAILED' : 'DONE';
    },
  };
  const { remembered } = await tryAction(plugin, { remembered: { before: 'x' } });
  t.deepEqual(remembered, { before: 'x', try1: 'x', try2: 'x' });
});

test('a trial asks check only where the metadata call for it', async (t) => {
  const plugin = { ...returning('DONE'), checkIf: ['look'], check: async () => false };
  t.like(await tryAction(plugin), { state: 'DONE' });
  t.like(await tryAction(plugin, { metadata: { look: 1 } }), { state: 'FAILED', attempts: 0 });
});

test('a trial after a crash asks probe first', async (t) => {
  const plugin = { ...base, probe: async () => true, run: async () => 'FAILED: done twice' };
  t.like(await tryAction(plugin, { resumed: true }), { state: 'DONE' });
  t.like(await tryAction(plugin), { state: 'FAILED: done twice' });
});

test('a trial ends one that outlasts its time, by its clock or by something real', async (t) => {
  const sleeps = { ...base, timeoutS: 50, run: (context: Context) => context.clock.sleep(later(context, 51)) };
  t.like(await tryAction(sleeps), { state: 'FAILED', message: 'work did not end within 50 s.', tookS: 50 });
  const hangs = { ...base, run: () => new Promise(() => undefined) };
  t.like(await tryAction(hangs, { patienceMs: 20, timeoutS: 7 }), {
    message: 'work did not end within 7 s.',
    tookS: 7,
  });
});

test('a trial waits for real requests, while the clock stands', async (t) => {
  const service = await httpDouble(() => ({ body: { version: '2' } }));
  t.teardown(() => service.close());
  const plugin = {
    ...base,
    run: async ({ metadata, signal }: Context) => {
      const response = await fetch(String(metadata.url), { signal });
      return (await response.text()).includes('2') ? 'DONE' : 'FAILED';
    },
  };
  t.like(await tryAction(plugin, { metadata: { url: service.url } }), { state: 'DONE', tookS: 0 });
});

test('a trial refuses what the engine or the API would have refused', async (t) => {
  const metadataSchema = { type: 'object', required: ['disk'], properties: { disk: { type: 'string' } } };
  const picky = { ...returning('DONE'), types: ['controller'], metadataSchema };
  const refusals: readonly (readonly [unknown, Given, RegExp])[] = [
    [{ ...base }, {}, /Plug-in under test: run must be a function/],
    [picky, {}, /work: metadata must have required property 'disk'/],
    [picky, { type: 'compute', metadata: { disk: 'sda' } }, /work does not serve type compute/],
  ];
  for (const [plugin, given, message] of refusals) await t.throwsAsync(tryAction(plugin, given), { message });
  t.like(await tryAction(picky, { metadata: { disk: 'sda' } }), { state: 'DONE' });
});

test('a program that the script does not have fails and is named, and so is one that is out of turn', async (t) => {
  const programs = new ScriptedPrograms([{ argv: ['a', '1'] }, { argv: ['b'], error: new Error('unreachable') }]);
  await t.throwsAsync(programs.run(['b']), { message: 'The plug-in ran ["b"]; the script has ["a","1"].' });
  t.is((await programs.run(['a', '1', '2'])).code, 0);
  await t.throwsAsync(programs.run(['b']), { message: 'unreachable' });
  await t.throwsAsync(programs.run(['c']), { message: 'The plug-in ran ["c"]; the script has no more program.' });
  const unlent = {
    ...base,
    run: async (context: { cloud: { services(): Promise<unknown> } }) => context.cloud.services(),
  };
  t.like(await tryAction(unlent), { state: 'FAILED', message: 'The test gave no answer for services.' });
});

test('an instance action is tried with the looks that a test gives', async (t) => {
  const plugin = {
    name: 'MIGRATE',
    version: '1',
    needsTarget: true,
    run: async ({ once, watch, target }: Record<string, never> & { once: never; watch: never; target: string }) => {
      await (once as (step: string, write: object) => Promise<void>)('move', { run: async () => undefined });
      const seen = await (watch as (judge: (server?: { host: string }) => unknown) => Promise<unknown>)((server) =>
        server?.host === target ? { result: 'moved', host: target } : undefined,
      );
      return seen ?? { result: 'failed', code: 'time-out', message: 'm' };
    },
  };
  t.deepEqual(await tryInstanceAction(plugin, { looks: [{ host: 'compute-1' }, { host: 'compute-2' }] }), {
    outcome: { result: 'moved', host: 'compute-2' },
    steps: ['move'],
  });
  t.like((await tryInstanceAction(plugin)).outcome, { result: 'failed', code: 'time-out' });
});
