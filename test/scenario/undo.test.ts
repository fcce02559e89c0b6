import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../src/client/index.js';
import { Scenario } from '../support/scenario.js';

/** A plug-in whose host keeps a list of what was done to it; `undo` empties it from behind. */
const WORK = `
import { appendFileSync } from 'node:fs';
const told = (context, what) => appendFileSync(context.metadata.log, context.host + ' ' + what + ' ' + context.name + '\\n');
const rest = ({ clock, metadata, signal }) => clock.sleep(new Date(clock.now().getTime() + (metadata.rest ?? 0) * 1000), signal);
export default {
  name: 'work',
  version: '1',
  async run(context) {
    told(context, 'run');
    await rest(context);
    return context.metadata.fails ? 'FAILED' : 'DONE';
  },
  async undo(context) {
    told(context, 'undo');
    await rest(context);
    return 'DONE';
  },
  async verify(context) {
    if (context.phase === 'undo') told(context, 'verify');
    return context.phase === 'run' || !context.metadata.sticks;
  },
  undoIf: ['undoable'],
};`;

type Action = NonNullable<NewSession['actions']>[number];

interface Story {
  readonly scenario: Scenario;
  readonly id: string;
  /** What was done, in order, on the first host on which something was done and on the engine. */
  done(): string[];
  finish(): Promise<SessionDetail>;
}

async function story(
  t: ExecutionContext,
  actions: (log: string) => Action[],
  policy: NewSession['policy'] = {},
): Promise<Story> {
  const place = mkdtempSync(join(tmpdir(), 'fenix-plugins-'));
  t.teardown(() => rmSync(place, { recursive: true }));
  mkdirSync(join(place, 'actions'));
  writeFileSync(join(place, 'actions', 'work.mjs'), WORK);
  const log = join(place, 'log');
  appendFileSync(log, '');
  const scenario = await Scenario.start(t, { options: { DEFAULT: { plugin_path: place } } });
  await scenario.system.startEngine();
  const id = await scenario.create({ actions: actions(log), policy });
  const done = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  return { scenario, id, done, finish: () => scenario.finish(id) };
}

const work = (log: string, name: string, more: Partial<Action> & { metadata?: object } = {}): Action => ({
  plugin: 'work',
  type: 'host',
  name,
  ...more,
  metadata: { log, undoable: true, ...more.metadata },
});

/** `a` succeeds, then `b` fails. */
const failing = (log: string) => [
  work(log, 'a', { order: 1 }),
  work(log, 'b', { order: 2, metadata: { fails: true } }),
  { plugin: 'noop', type: 'host' as const, order: 3 },
];

const failed = async ({ scenario, id }: Story): Promise<void> =>
  scenario.until(async () => (await scenario.system.client.show(id)).state === 'MAINTENANCE_FAILED');

/** Once it has failed. @returns the host on which something was done first */
async function aborted(told: Story): Promise<{ readonly host: string; readonly detail: SessionDetail }> {
  await failed(told);
  await told.scenario.system.client.control(told.id, { abort: {} });
  const detail = await told.finish();
  return { host: String(words(told.done()[0])[0]), detail };
}

const hostOf = (detail: SessionDetail, hostname: string) => detail.hosts.find((host) => host.hostname === hostname);
const words = (line: string | undefined): string[] => (line ?? '').split(' ');

test.serial(
  'an aborted session undoes what was begun on a host, the last first, and gives the host back',
  async (t) => {
    const told = await story(t, failing);
    await failed(told);
    const { simulator, client } = told.scenario.system;
    await told.finish();
    t.is([...simulator.cloud.hosts.values()].filter(({ enabled }) => !enabled).length, 1);
    await client.control(told.id, { abort: {} });
    const detail = await told.finish();
    const [host] = words(told.done()[0]);
    const expected = ['run a', 'run b', 'undo b', 'verify b', 'undo a', 'verify a'].map((what) => `${host} ${what}`);
    t.deepEqual(told.done(), expected);
    t.is(detail.reason?.code, 'aborted');
    t.like(hostOf(detail, String(host)), { state: 'waiting', disabled: false, maintained: false });
    t.deepEqual(new Set(detail.action_plugin_instances.map(({ state }) => state)), new Set(['UNDONE']));
    t.true([...simulator.cloud.hosts.values()].every(({ enabled }) => enabled));
    t.deepEqual(simulator.report().violations, []);
  },
);

test.serial('an unfinished session that is deleted undoes as well', async (t) => {
  const told = await story(t, failing, { plugin_failed: 'ask' });
  await told.scenario.until(async () => (await told.scenario.history(told.id)).some(({ what }) => what === 'question'));
  const { client, simulator } = told.scenario.system;
  await client.remove(told.id);
  await told.scenario.until(async () => (await told.scenario.history(told.id)).at(-1)?.what === 'closed');
  t.deepEqual(
    told.done().map((line) => words(line).slice(1).join(' ')),
    ['run a', 'run b', 'undo b', 'verify b', 'undo a', 'verify a'],
  );
  t.true([...simulator.cloud.hosts.values()].every(({ enabled }) => enabled));
});

test.serial(
  'a host whose undo does not succeed stays disabled and says so; what was done before is left',
  async (t) => {
    const told = await story(t, (log) => [
      work(log, 'a', { order: 1 }),
      work(log, 'b', { order: 2, metadata: { fails: true, sticks: true } }),
    ]);
    const { host, detail } = await aborted(told);
    t.deepEqual(told.done().slice(2), [`${host} undo b`, `${host} verify b`]);
    t.like(hostOf(detail, host), { state: 'in_maintenance', disabled: true });
    const service = told.scenario.system.simulator.cloud.hosts.get(host);
    t.is(service?.disabledReason, `fenix ${told.id}: undo of b failed`);
    await told.scenario.system.client.control(told.id, { skip_host: { host: String(host) } });
    await told.finish();
    t.true(told.scenario.system.simulator.cloud.hosts.get(String(host))?.enabled);
  },
);

test.serial(
  'what cannot be undone with its metadata is passed over, and its host stays as its run left it',
  async (t) => {
    const told = await story(t, (log) => [
      work(log, 'a', { order: 1 }),
      work(log, 'b', { order: 2, metadata: { fails: true, undoable: undefined } }),
    ]);
    const { host, detail } = await aborted(told);
    t.deepEqual(told.done().slice(2), [`${host} undo a`, `${host} verify a`]);
    t.like(hostOf(detail, host), { state: 'in_maintenance', disabled: true });
  },
);

test.serial('noop shows both ends of an undo', async (t) => {
  for (const fails of [false, true]) {
    const everywhere = ['compute-1', 'compute-2', 'compute-3'];
    const metadata = { fail_on: everywhere, fail_undo_on: fails ? everywhere : [] };
    const told = await story(t, () => [{ plugin: 'noop', type: 'host', metadata }]);
    await failed(told);
    await told.scenario.system.client.control(told.id, { abort: {} });
    const detail = await told.finish();
    t.is(detail.hosts.filter(({ disabled }) => disabled).length, fails ? 1 : 0);
    t.deepEqual(
      detail.action_plugin_instances.map(({ state }) => state),
      [fails ? 'UNDO_FAILED' : 'UNDONE'],
    );
    await told.scenario.stop();
  }
});

test.serial('an undo that its engine did not live to see the end of is run again by the next one', async (t) => {
  const told = await story(t, (log) => [work(log, 'a', { metadata: { fails: true, rest: 60 } })]);
  await failed(told);
  const { system } = told.scenario;
  await system.client.control(told.id, { abort: {} });
  await told.scenario.until(() => told.done().some((line) => line.endsWith('undo a')));
  await system.stopEngine();
  await system.startEngine();
  const detail = await told.finish();
  t.deepEqual(
    told.done().map((line) => words(line)[1]),
    ['run', 'undo', 'undo', 'verify'],
  );
  t.true(detail.hosts.every(({ disabled, state }) => !disabled && state !== 'in_maintenance'));
});

test.serial(
  'pre is undone last, when all hosts are given back; a host whose actions all ended keeps them',
  async (t) => {
    const told = await story(t, (log) => [
      work(log, 'ready', { type: 'pre' }),
      work(log, 'a', { metadata: { rest: 30 } }),
      work(log, 'told', { type: 'post' }),
    ]);
    await told.scenario.until(() => told.done().length === 2);
    await told.scenario.system.client.control(told.id, { abort: {} });
    const detail = await told.finish();
    t.deepEqual(
      told.done().map((line) => words(line).slice(1).join(' ')),
      ['run ready', 'run a', 'undo ready', 'verify ready'],
    );
    t.true(detail.hosts.every(({ disabled }) => !disabled));
  },
);

test.serial('a host that another session has maintained since is not undone', async (t) => {
  const told = await story(t, failing);
  await failed(told);
  await told.finish();
  const [host] = words(told.done()[0]);
  const { client } = told.scenario.system;
  const next = await told.scenario.create({ hosts: [String(host)] });
  t.is((await told.scenario.finish(next)).state, 'MAINTENANCE_DONE');
  await client.control(told.id, { abort: {} });
  const detail = await told.finish();
  t.is(detail.reason?.code, 'aborted');
  t.is(told.done().filter((line) => line.includes('undo')).length, 0);
  t.true(told.scenario.system.simulator.cloud.hosts.get(String(host))?.enabled);
});
