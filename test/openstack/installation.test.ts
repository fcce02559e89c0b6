import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Options } from '../support/installation.js';
import { aDirectory } from '../support/program.js';
import { TestCloud } from './cloud/cloud.js';
import { OWN_FILES } from './cloud/services/ceilometer.js';
import { folders } from './cloud/settings.js';
import { Fenix } from './support/fenix.js';

test('an installation by the book: its check is green, red for each way to break it, and registering again changes nothing', async (t) => {
  const cloud = TestCloud.open();
  const fenix = await Fenix.install(t, cloud);
  const { etc } = folders(cloud.settings.home);
  const ceilometer = (where: { definitions?: string; pipeline?: string } = {}): string[] => [
    ...['--ceilometer-definitions', where.definitions ?? join(etc, 'event_definitions.yaml')],
    ...['--ceilometer-pipeline', where.pipeline ?? join(etc, 'event_pipeline.yaml')],
  ];
  const { code, findings } = await fenix.check({}, ...ceilometer());
  t.is(code, 0);
  t.true(findings.length > 10);
  t.deepEqual(
    findings.filter(({ result }) => result !== 'Success'),
    [],
  );

  const directory = aDirectory(t);
  const policy = join(directory, 'policy.yaml');
  writeFileSync(policy, '"fenix:maintenance:session:get": [');
  const wrongBroker = new URL(cloud.settings.transportUrl);
  wrongBroker.password = 'wrong';
  const broken: readonly [string, Options, string[]?][] = [
    ['Configuration', { DEFAULT: { port: 'none' } }],
    ['Database', { database: { connection: 'mysql+pymysql://fenix:x@127.0.0.1:1/fenix' } }],
    ['Database', { database: { connection: `sqlite://${join(directory, 'empty.sqlite')}` } }],
    ['Broker', { DEFAULT: { transport_url: wrongBroker.href } }],
    ['Policy', { oslo_policy: { policy_file: policy } }],
    ['Plug-ins', { DEFAULT: { plugin_path: 'nowhere' } }],
    ['Keystone: engine', { service_user: { os_password: 'wrong' } }],
    ['Keystone: API', { keystone_authtoken: { username: 'demo', project_name: 'demo' } }],
    ['Catalog', { nova: { region_name: 'elsewhere' } }],
    ['Nova: rights', { service_user: { os_username: 'demo', os_project_name: 'demo' } }],
    ['Ceilometer definitions', {}, ceilometer({ definitions: join(OWN_FILES, 'event_definitions.yaml') })],
    ['Ceilometer pipeline', {}, ceilometer({ pipeline: join(OWN_FILES, 'event_pipeline.yaml') })],
  ];
  for (const [name, changes, args = ceilometer()] of broken) {
    const found = await fenix.check(changes, ...args);
    t.is(found.code, 2, name);
    const [first] = found.findings.filter(({ result }) => result === 'Failure');
    t.is(first?.name, name, JSON.stringify(found.findings));
  }

  t.regex(await fenix.register(), /Keystone knows everything already\.\n$/);
});
