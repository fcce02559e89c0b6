import test from 'ava';
import type { PluginInfo } from '../../src/model/index.js';
import { TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';

const digest = 'ab'.repeat(32);
const FIRMWARE: PluginInfo = {
  kind: 'action',
  name: 'firmware',
  version: '1.2',
  digest,
  contract: 1,
  description: 'New firmware',
  source: '@example/plugins',
  types: ['compute'],
  metadataSchema: { type: 'object', required: ['version'] },
  timeoutS: 1800,
  retry: { attempts: 3, waitS: 60.5 },
  methods: ['run', 'check', 'undo'],
  isolated: true,
};
/** As an engine of an older release registers it. */
const OLD: PluginInfo = { kind: 'action', name: 'old', version: '1', digest };
const WORKFLOW: PluginInfo = {
  kind: 'workflow',
  name: 'own',
  version: '3',
  digest,
  contract: 1,
  source: '/opt/plugins',
};
const BROKEN = [
  { source: '/opt/plugins', file: '/opt/plugins/actions/bad.mjs', reason: 'Plug-in /opt/plugins/actions/bad.mjs: no.' },
  { source: '@example/gone', file: null, reason: 'plugin_path names "@example/gone", which is nowhere.' },
];

for (const kind of databaseKinds) {
  test.serial(
    `${kind.name}: plug-ins are listed with all that they declare, and with what engines passed over`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const { engines } = api.repositories;
      const plugins = [FIRMWARE, OLD, WORKFLOW];
      await engines.register({ engineId: 'newer', host: 'h2', version: '2', plugins, brokenPlugins: BROKEN }, 1000);
      const get = async (target: string) => (await api.send('GET', target, { token: 'admin' })).json;
      const named = (list: unknown, wanted: string) => (list as { name: string }[]).find(({ name }) => name === wanted);
      const { actions } = await get('/v1/actions');
      const { kind: _kind, metadataSchema, timeoutS, retry, ...same } = FIRMWARE;
      t.deepEqual(named(actions, 'firmware') as unknown, {
        ...same,
        metadata_schema: metadataSchema,
        timeout_s: timeoutS,
        retry: { attempts: retry?.attempts, wait_s: retry?.waitS },
      });
      t.deepEqual(named(actions, 'old') as unknown, {
        name: 'old',
        version: '1',
        digest,
        contract: 1,
        description: null,
        source: null,
        types: null,
        metadata_schema: { type: 'object' },
        timeout_s: null,
        retry: null,
        methods: null,
        isolated: false,
      });
      t.deepEqual(named((await get('/v1/workflows')).workflows, 'own') as unknown, {
        name: 'own',
        version: '3',
        digest,
        contract: 1,
        description: null,
        source: '/opt/plugins',
      });
      const { engines: listed } = await get('/v1/engines');
      const brokenOf = (id: string) =>
        (listed as { engine_id: string; broken_plugins: unknown }[]).find(({ engine_id: its }) => its === id)
          ?.broken_plugins;
      t.deepEqual(brokenOf('newer'), BROKEN);
      t.deepEqual(brokenOf('engine'), []);
    },
  );
}
