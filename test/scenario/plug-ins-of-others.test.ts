import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { SessionDetail } from '../../src/client/index.js';
import { anAction, aPluginDirectory } from '../support/plugin-files.js';
import { Scenario } from '../support/scenario.js';

/** An npm package, and a directory beside it, each with plug-ins; what a session needs to use both. */
function places(t: ExecutionContext) {
  const manifest = {
    name: '@example/firmware',
    version: '1.2.3',
    type: 'module',
    fenix: { actions: ['./src/firmware.js'] },
  };
  const root = aPluginDirectory(t, {
    'node_modules/@example/firmware/package.json': JSON.stringify(manifest),
    'node_modules/@example/firmware/src/version.js': "export const version = '2.19';",
    'node_modules/@example/firmware/src/firmware.js': `
      import { version } from './version.js';
      const after = (clock, s) => new Date(clock.now().getTime() + s * 1000);
      export default {
        contract: 1,
        name: 'firmware',
        version: '1.2.3',
        metadataSchema: { type: 'object', properties: { flags: { type: 'string' } } },
        check: async ({ phase }) => phase === 'check',
        async run({ clock, output, record, metadata, name, signal }) {
          record({ pid: process.pid, flags: metadata.flags, name });
          for (const part of ['fetching', 'flashing', 'verifying']) {
            output(part + '\\n');
            await clock.sleep(after(clock, 40), signal);
          }
          record({ version });
          return 'DONE';
        },
        verify: async () => true,
      };`,
    'own/actions/tidy.mjs': anAction('tidy', "console.log('tidied', context.host); return 'DONE';"),
    'own/actions/leave.mjs': anAction('leave', "context.output('I leave\\n'); process.exit(1);"),
    'own/actions/broken.mjs': 'export default 1;',
  });
  return {
    DEFAULT: { plugin_path: `@example/firmware, ${join(root, 'own')}` },
    plugins: { package_directory: root, isolation: 'third-party', on_error: 'skip' },
  };
}

const runsOf = (detail: SessionDetail, plugin: string) =>
  detail.action_plugin_instances.filter((run) => run.plugin === plugin);

test.serial(
  'a session uses plug-ins of others from a package and from a directory, each run in a process of its own',
  async (t) => {
    const scenario = await Scenario.start(t, { options: places(t) });
    await scenario.system.startEngine();
    const id = await scenario.create({
      actions: [
        {
          plugin: 'firmware',
          type: 'host',
          name: '../../etc/passwd',
          metadata: { flags: '$(reboot) `id` ; \'"\\ \n' },
          order: 1,
        },
        { plugin: 'firmware', type: 'host', name: 'once more', metadata: {}, order: 2 },
        { plugin: 'tidy', type: 'compute' },
      ],
    });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE');
    t.is(runsOf(detail, 'firmware').length, 6, 'twice on each of three hosts');
    for (const run of runsOf(detail, 'firmware')) {
      t.like(run, { state: 'DONE', output: 'fetching\nflashing\nverifying\n' });
      t.like(run.facts, { name: run.name, version: '2.19' });
      t.not(run.facts?.pid, process.pid);
      t.is(run.facts?.flags, run.name === 'once more' ? undefined : '$(reboot) `id` ; \'"\\ \n');
    }
    for (const { output, hostname } of runsOf(detail, 'tidy')) t.is(output, `tidied ${hostname}\n`);
    t.deepEqual(scenario.system.simulator.report().violations, []);

    const actions = await scenario.system.client.actions();
    t.like(
      actions.find(({ name }) => name === 'firmware'),
      {
        source: '@example/firmware',
        contract: 1,
        isolated: true,
        methods: ['run', 'check', 'verify'],
        timeout_s: null,
        retry: null,
      },
    );
    t.like(
      actions.find(({ name }) => name === 'noop'),
      { source: 'fenix', isolated: false },
    );
    const engines = await scenario.system.client.engines();
    t.is(engines[0]?.broken_plugins.length, 1);
    t.regex(engines[0]?.broken_plugins[0]?.reason ?? '', /broken\.mjs: default export must be an object/);
  },
);

test.serial('what a plug-in says is seen while it runs, in the history piece by piece and in the detail', async (t) => {
  const scenario = await Scenario.start(t, { options: places(t) });
  await scenario.system.startEngine();
  const id = await scenario.create({ actions: [{ plugin: 'firmware', type: 'host', metadata: { flags: 'f' } }] });
  const shown = async () => (await scenario.system.client.detail(id)).action_plugin_instances;
  await scenario.until(async () => (await shown()).some(({ output }) => output !== null));
  t.like((await shown())[0], { state: 'RUNNING', output: 'fetching\n', facts: { flags: 'f', name: 'firmware' } });
  await scenario.until(async () => (await shown()).some(({ output }) => output?.includes('flashing')));
  t.like((await shown())[0], { state: 'RUNNING', output: 'fetching\nflashing\n' });
  await scenario.finish(id);
  const [host] = await shown();
  const told = (await scenario.history(id)).filter(
    ({ what, details }) => details.host === host?.hostname && ['plug-in-output', 'plug-in-ended'].includes(what),
  );
  t.deepEqual(
    told.map(({ what, details }) => [what, details.output]),
    [
      ['plug-in-output', 'fetching\n'],
      ['plug-in-output', 'flashing\n'],
      ['plug-in-output', 'verifying\n'],
      ['plug-in-ended', 'fetching\nflashing\nverifying\n'],
    ],
  );
});

test.serial('a plug-in that ends its process fails its session with a reason, and the engine goes on', async (t) => {
  const scenario = await Scenario.start(t, { options: places(t) });
  const engine = await scenario.system.startEngine();
  const id = await scenario.create({ actions: [{ plugin: 'leave', type: 'host' }] });
  const failed = await scenario.finish(id);
  t.is(failed.state, 'MAINTENANCE_FAILED');
  t.regex(failed.reason?.message ?? '', /leave ended its process with exit code 1/);
  t.like(failed.action_plugin_instances[0], { state: 'FAILED', output: 'I leave\n' });
  await scenario.system.client.remove(id);
  await scenario.until(async () => (await scenario.history(id)).at(-1)?.what === 'closed');
  t.is(scenario.system.engine, engine);
});
