import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ManualClock } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { type Logger, silentLogger } from '../../src/common/logger.js';
import { ACTIVE_STATES, type PluginInfo } from '../../src/model/index.js';
import { loadPlugins } from '../../src/workflow/loader.js';
import { checkAction, checkInstanceAction, checkWorkflow } from '../../src/workflow/plugin-checks.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { httpDouble } from '../support/http-double.js';
import { aPluginDirectory } from '../support/plugin-files.js';

const anAction = (name: string, version = '1.0.0', body = "return 'DONE';") =>
  `export default { name: '${name}', version: '${version}', run: async () => { ${body} } };`;

function listening(): { readonly log: Logger; readonly warnings: object[] } {
  const warnings: object[] = [];
  return { warnings, log: { ...silentLogger, warn: (fields, message) => warnings.push({ ...fields, message }) } };
}

test('what ships is found without any search path, each with version and digest', async (t) => {
  const registry = await loadPlugins([], silentLogger);
  const names = registry.infos().map(({ kind, name }) => `${kind}/${name}`);
  for (const name of [
    'workflow/default',
    'action/noop',
    'instance-action/MIGRATE',
    'instance-action/LIVE_MIGRATE',
    'instance-action/OWN_ACTION',
  ]) {
    t.true(names.includes(name), name);
  }
  for (const { version, digest, name } of registry.infos()) {
    t.regex(version, /^\d+\.\d+\.\d+$/, name);
    t.regex(digest, /^[0-9a-f]{64}$/, name);
  }
  t.is(registry.workflow('default').style, 'default');
  t.true(registry.instanceAction('MIGRATE').needsTarget);
  t.false(registry.instanceAction('OWN_ACTION').needsTarget);
});

test('a plug-in in a directory of the search path is loaded with what it declares', async (t) => {
  const schema = "{ type: 'object', properties: { version: { type: 'string' } } }";
  const text = `export default { name: 'kernel', version: '2.1', description: 'New kernel', types: ['compute'],
    metadataSchema: ${schema}, run: async () => 'DONE' };`;
  const directory = aPluginDirectory(t, {
    'actions/kernel.mjs': text,
    'actions/notes.txt': 'no plug-in',
    'actions/more.js': anAction('more'),
  });
  const registry = await loadPlugins([directory], silentLogger);
  t.is(await registry.action('kernel').run({} as never), 'DONE');
  t.like(
    registry.infos().find(({ name }) => name === 'kernel'),
    {
      kind: 'action',
      version: '2.1',
      description: 'New kernel',
      types: ['compute'],
      metadataSchema: { type: 'object', properties: { version: { type: 'string' } } },
    },
  );
  t.is(registry.action('more').name, 'more');
});

test('the digest tells two files apart, also of one version', async (t) => {
  const digestOf = async (text: string) => {
    const registry = await loadPlugins([aPluginDirectory(t, { 'actions/kernel.js': text })], silentLogger);
    return registry.infos().find(({ name }) => name === 'kernel')?.digest;
  };
  const one = await digestOf(anAction('kernel'));
  t.is(await digestOf(anAction('kernel')), one);
  t.not(await digestOf(anAction('kernel', '1.0.0', "return 'FAILED';")), one);
});

test('what stands earlier in the search path overrides, and what it hides is warned of', async (t) => {
  const first = aPluginDirectory(t, {
    'actions/noop.js': anAction('noop', '9.0.0'),
    'actions/own.js': anAction('own', '1'),
  });
  const second = aPluginDirectory(t, { 'actions/own.js': anAction('own', '2') });
  const { log, warnings } = listening();
  const registry = await loadPlugins([first, second], log);
  t.is(registry.action('noop').version, '9.0.0');
  t.is(registry.action('own').version, '1');
  t.is(registry.infos().filter(({ name }) => name === 'noop').length, 1);
  t.is(warnings.length, 2);
  t.like(warnings[0], { kind: 'action', name: 'own', file: join(second, 'actions/own.js') });
  t.like(warnings[1], { kind: 'action', name: 'noop' });
});

test('one name may be a workflow and an action as well', async (t) => {
  const { log, warnings } = listening();
  const registry = await loadPlugins([aPluginDirectory(t, { 'actions/default.js': anAction('default') })], log);
  t.is(registry.action('default').name, 'default');
  t.is(registry.workflow('default').name, 'default');
  t.deepEqual(warnings, []);
});

test('a place that is neither a directory nor a package is named', async (t) => {
  await t.throwsAsync(loadPlugins(['no-such-package-here'], silentLogger), {
    instanceOf: FenixError,
    code: 'plug-in-path',
    message: /"no-such-package-here", which is neither a directory nor an installed npm package/,
  });
});

test('a file that cannot be imported is named with the reason', async (t) => {
  const directory = aPluginDirectory(t, { 'actions/broken.js': 'export default {', 'actions/a.js': anAction('a') });
  const error = await t.throwsAsync(loadPlugins([directory], silentLogger), { code: 'plug-in-invalid' });
  t.true(error?.message.includes(join(directory, 'actions/broken.js')));
});

test('a file without a default export is named as well', async (t) => {
  const directory = aPluginDirectory(t, { 'workflows/empty.js': 'export const name = 1;' });
  const error = await t.throwsAsync(loadPlugins([directory], silentLogger), { code: 'plug-in-invalid' });
  t.true(error?.message.includes(`${join(directory, 'workflows/empty.js')}: default export must be an object`));
});

test('names of requests are looked up, nothing else', async (t) => {
  const registry = await loadPlugins([], silentLogger);
  for (const name of ['missing', '../actions/noop', '/etc/passwd', 'constructor']) {
    t.throws(() => registry.action(name), { instanceOf: FenixError, code: 'plug-in-missing' });
  }
});

test('an engine says which plug-in of a session it does not have, or has otherwise', async (t) => {
  const registry = await loadPlugins([], silentLogger);
  const pins = registry
    .infos()
    .map(({ kind, name, version, digest }) => ({ kind, name, version, digest, shipped: false }));
  t.is(registry.missing(pins), undefined);
  t.is(registry.missing([]), undefined);
  const noop = pins.filter(({ name }) => name === 'noop').map((pin) => ({ ...pin }));
  t.regex(
    registry.missing(noop.map((pin) => ({ ...pin, version: '0.9' }))) ?? '',
    /noop is version 1\.0\.0 .* needs 0\.9/,
  );
  t.regex(
    registry.missing(noop.map((pin) => ({ ...pin, digest: 'ab'.repeat(32) }))) ?? '',
    /needs 1\.0\.0 \(abababababab\)/,
  );
  t.is(registry.missing(noop.map((pin) => ({ ...pin, name: 'gone' }))), 'action gone is not installed here');
});

test('what ships serves sessions of other releases that had it in the same version', async (t) => {
  const registry = await loadPlugins([aPluginDirectory(t, { 'actions/kernel.mjs': anAction('kernel') })], silentLogger);
  const pinOf = (wanted: string, shipped?: boolean) => {
    const info = registry.infos().find(({ name }) => name === wanted) as PluginInfo;
    const { kind, name, version } = info;
    return { kind, name, version, digest: 'ab'.repeat(32), ...(shipped !== undefined && { shipped }) };
  };
  t.is(registry.missing([pinOf('default', true)]), undefined);
  t.is(registry.missing([pinOf('default')]), undefined, 'a session of a release that did not say');
  t.regex(registry.missing([{ ...pinOf('default', true), version: '0.1' }]) ?? '', /needs 0\.1/);
  t.regex(
    registry.missing([pinOf('default', false)]) ?? '',
    /needs 1\.0\.0 \(abababababab\)/,
    'somebody’s own of that name',
  );
  t.regex(registry.missing([pinOf('kernel', true)]) ?? '', /needs/, 'somebody’s own is the same only as the same file');
});

const action = { name: 'kernel', version: '1', run: async () => 'DONE' };
const handlers = Object.fromEntries(ACTIVE_STATES.map((state) => [state, () => ({ to: state, why: '' })]));
const workflow = { name: 'own', version: '1', style: 'vnf', states: handlers };
const instanceAction = { name: 'MIGRATE', version: '1', needsTarget: true, run: async () => ({ result: 'gone' }) };

type Check = (exported: unknown, file: string) => unknown;
const refusals: readonly [check: Check, exported: unknown, key: string][] = [
  [checkAction, undefined, 'default export'],
  [checkAction, null, 'default export'],
  [checkAction, () => action, 'default export'],
  [checkAction, { ...action, contract: '1' }, 'contract'],
  [checkAction, { ...action, contract: 0 }, 'contract'],
  [checkWorkflow, { ...workflow, contract: 1.5 }, 'contract'],
  [checkAction, { ...action, name: undefined }, 'name'],
  [checkAction, { ...action, name: 'Kernel' }, 'name'],
  [checkAction, { ...action, name: '../kernel' }, 'name'],
  [checkAction, { ...action, name: 'k'.repeat(65) }, 'name'],
  [checkAction, { ...action, version: '' }, 'version'],
  [checkAction, { ...action, version: 1 }, 'version'],
  [checkAction, { ...action, run: undefined }, 'run'],
  [checkAction, { ...action, run: 'DONE' }, 'run'],
  [checkAction, { ...action, probe: true }, 'probe'],
  [checkAction, { ...action, verify: {} }, 'verify'],
  [checkAction, { ...action, types: 'compute' }, 'types'],
  [checkAction, { ...action, types: ['computer'] }, 'types'],
  [checkAction, { ...action, metadataSchema: null }, 'metadataSchema'],
  [checkAction, { ...action, metadataSchema: 'object' }, 'metadataSchema'],
  [checkAction, { ...action, metadataSchema: [] }, 'metadataSchema'],
  [checkAction, { ...action, metadataSchema: { type: 'objekt' } }, 'metadataSchema'],
  [checkAction, { ...action, timeoutS: 0 }, 'timeoutS'],
  [checkAction, { ...action, timeoutS: '60' }, 'timeoutS'],
  [checkAction, { ...action, timeoutS: Number.POSITIVE_INFINITY }, 'timeoutS'],
  [checkAction, { ...action, checkIf: 'check' }, 'checkIf'],
  [checkAction, { ...action, checkIf: [1] }, 'checkIf'],
  [checkAction, { ...action, undoIf: 'undo' }, 'undoIf'],
  [checkAction, { ...action, undoIf: [1] }, 'undoIf'],
  [checkAction, { ...action, retry: null }, 'retry'],
  [checkAction, { ...action, retry: { attempts: 0, waitS: 1 } }, 'retry'],
  [checkAction, { ...action, retry: { attempts: 2 } }, 'retry'],
  [checkAction, { ...action, retry: { attempts: 1.5, waitS: 0 } }, 'retry'],
  [checkAction, { ...action, retry: { attempts: 2, waitS: -1 } }, 'retry'],
  [checkWorkflow, { ...workflow, name: 'Own' }, 'name'],
  [checkWorkflow, { ...workflow, style: 'both' }, 'style'],
  [checkWorkflow, { ...workflow, states: undefined }, 'states'],
  [checkWorkflow, { ...workflow, states: { ...handlers, SCALE_IN: undefined } }, 'states.SCALE_IN'],
  [checkInstanceAction, { ...instanceAction, name: 'EVAPORATE' }, 'name'],
  [checkInstanceAction, { ...instanceAction, needsTarget: undefined }, 'needsTarget'],
  [checkInstanceAction, { ...instanceAction, run: null }, 'run'],
];
for (const [check, exported, key] of refusals) {
  const said =
    typeof exported === 'object' ? JSON.stringify(exported?.[key as keyof typeof exported] ?? null) : typeof exported;
  test(`${check.name} refuses ${key}: ${said}, naming file and key`, (t) => {
    const error = t.throws(() => check(exported, '/opt/plug/in.js'), {
      instanceOf: FenixError,
      code: 'plug-in-invalid',
    });
    t.true(error?.message.startsWith(`Plug-in /opt/plug/in.js: ${key} must be `), error?.message);
  });
}

test('a plug-in for a later contract is refused with both numbers', (t) => {
  for (const [check, exported] of [
    [checkAction, { ...action, contract: 2, name: 'NotYetAllowed' }],
    [checkWorkflow, { ...workflow, contract: 2 }],
    [checkInstanceAction, { ...instanceAction, contract: 2 }],
  ] as const) {
    t.throws(() => check(exported, '/opt/plug/in.js'), {
      code: 'plug-in-invalid',
      message: 'Plug-in /opt/plug/in.js is written for contract 2; this Fenix knows contracts up to 1.',
    });
  }
  t.is(checkAction({ ...action, contract: 1 }, 'f').contract, 1);
});

test('what has all it needs is taken as it is', (t) => {
  const whole = {
    ...action,
    types: ['pre', 'compute'],
    metadataSchema: { type: 'object' },
    timeoutS: 0.5,
    retry: { attempts: 1, waitS: 0 },
    probe: async () => true,
    verify: async () => true,
  };
  t.is(checkAction(whole, 'f'), whole as never);
  t.is(checkWorkflow(workflow, 'f'), workflow as never);
  t.is(checkInstanceAction(instanceAction, 'f'), instanceAction as never);
});

/** The examples of docs/plug-ins.md, in their order. */
function examples(): string[] {
  const page = readFileSync(new URL('../../../docs/plug-ins.md', import.meta.url), 'utf8');
  return [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code = '']) => code);
}

test('the examples of the page for plug-in authors are plug-ins, and the action does its work', async (t) => {
  const [action = '', instanceAction = ''] = examples();
  const files = { 'actions/firmware.mjs': action, 'instance-actions/live.mjs': instanceAction };
  const registry = await loadPlugins([aPluginDirectory(t, files)], silentLogger);
  t.is(registry.instanceAction('LIVE_MIGRATE').version, '2.0.0');

  const versions = ['2.18', '2.19'];
  const service = await httpDouble(({ method }) => ({
    body: method === 'POST' ? {} : { version: versions.shift() ?? '2.19' },
  }));
  t.teardown(() => service.close());
  const clock = new ManualClock();
  const metadata = { service: service.url, version: '2.19' };
  const context = actionContext({ metadata, clock });
  const plugin = registry.action('firmware');
  const running = plugin.run(context);
  while (clock.nextDue() === undefined) await new Promise((resolve) => setImmediate(resolve));
  clock.advanceTo(clock.nextDue() as Date);
  t.is(await running, 'DONE');
  t.true(await plugin.verify?.(context));
  const [asked, ...looks] = service.arrived.map(({ method, path }) => `${method} ${path}`);
  t.is(asked, 'POST /hosts/compute-1/install');
  t.deepEqual(looks, Array(3).fill('GET /hosts/compute-1'));
});
