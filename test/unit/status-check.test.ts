import 'reflect-metadata';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { container, type DependencyContainer } from 'tsyringe';
import { ceilometerChecks } from '../../src/cmd/manage/status/ceilometer.js';
import {
  type Check,
  type Checked,
  exitCodeOf,
  failure,
  runChecks,
  success,
  warning,
} from '../../src/cmd/manage/status/check.js';
import { clockChecks, skewOf } from '../../src/cmd/manage/status/clocks.js';
import { cloudChecks } from '../../src/cmd/manage/status/cloud.js';
import { installationChecks } from '../../src/cmd/manage/status/installation.js';
import { statusTable } from '../../src/cmd/manage/status/table.js';
import { registerCloud } from '../../src/cmd/wiring/cloud.js';
import { ConfigDirectoryToken, registerCore } from '../../src/cmd/wiring/core.js';
import { TransportToken } from '../../src/cmd/wiring/messaging.js';
import { MachineClock, ScaledClock, SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { loadConfig } from '../../src/config/index.js';
import type { Database } from '../../src/db/database.js';
import { DatabaseToken } from '../../src/db/database.js';
import { Repositories } from '../../src/db/repositories.js';
import { SettingRepository } from '../../src/db/setting-repository.js';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import { aHost, aSession } from '../support/api-records.js';
import { eventually } from '../support/eventually.js';
import { type Handler, httpDouble } from '../support/http-double.js';
import { aDatabase, installed, type Options } from '../support/installation.js';
import { aDirectory } from '../support/program.js';

const PUBLIC_URL = 'http://fenix.example.com:12347/v1';

/** A clock by which the time that a broker has to answer is over when `isOver` says so, however slow this machine is. */
class BrokersClock extends SystemMachineClock {
  constructor(private readonly isOver: () => boolean) {
    super();
  }

  override sleepMs(ms: number, signal?: AbortSignal): Promise<void> {
    return ms === 10_000 ? eventually(this.isOver, 'the time for the broker') : super.sleepMs(ms, signal);
  }
}

function partsWith(t: ExecutionContext, options: Options, directory = '/nonexistent'): DependencyContainer {
  const { default: common, ...sections } = options;
  const parts = container.createChildContainer();
  registerCore(parts, loadConfig({ commandLine: { ...sections, DEFAULT: common ?? {} } }).config, silentLogger);
  parts.registerInstance<MachineClock>(MachineClock, new SystemMachineClock());
  parts.registerInstance(ConfigDirectoryToken, directory);
  registerCloud(parts);
  t.teardown(async () => {
    if (parts.isRegistered(DatabaseToken)) await parts.resolve<Database>(DatabaseToken).close();
  });
  return parts;
}

async function found(checks: readonly Check[], name: string): Promise<Checked> {
  const checked = (await runChecks(checks)).find((one) => one.name === name);
  if (checked === undefined) throw new Error(`there is no check ${name}`);
  return checked;
}

/** What was found is as expected, and says how to mend it. */
function isFound(
  t: ExecutionContext,
  checked: Checked,
  result: 'Failure' | 'Warning',
  details: RegExp,
  remedy: RegExp,
): void {
  t.is(checked.result, result, checked.details);
  t.regex(checked.details, details);
  t.regex(checked.remedy ?? '', remedy);
}

test('the exit code is that of the worst finding, and checks that rest on a failed one are not made', async (t) => {
  const check = (name: string, run: Check['run'], after?: string): Check => ({
    name,
    remedy: 'Mend it.',
    run,
    ...(after !== undefined && { after }),
  });
  const good = check('good', () => success('Fine.'));
  const fair = check('fair', () => warning('So so.', 'Look.'));
  const bad = check('bad', () => {
    throw new Error('Broken.');
  });
  const behind = check('behind', () => t.fail() as never, 'bad');
  t.is(exitCodeOf(await runChecks([good])), 0);
  t.is(exitCodeOf(await runChecks([good, fair])), 1);
  const all = await runChecks([good, fair, bad, behind]);
  t.is(exitCodeOf(all), 2);
  t.deepEqual(all.slice(2), [
    { name: 'bad', ...failure('Broken.', 'Mend it.') },
    { name: 'behind', ...failure('Not checked, since "bad" failed.', 'Mend it.') },
  ]);
  const table = statusTable(all);
  t.true(table.every((line) => line.length === 80));
  t.true(table.includes(`| ${'To mend it: Look.'.padEnd(76)} |`));
});

test('what is not known in the configuration is a warning', async (t) => {
  const parts = partsWith(t, installed((await aDatabase(t)).url));
  const checked = await found(installationChecks(parts, ['There is no option x.']), 'Configuration');
  isFound(t, checked, 'Warning', /^There is no option x\.$/, /^Correct or remove/);
});

test('a database is a failure while it cannot be used, and a warning where one process alone can use it', async (t) => {
  const check = async (url: string) => found(installationChecks(partsWith(t, installed(url)), []), 'Database');
  const away = await check('mysql+pymysql://fenix:secret@127.0.0.1:1/fenix');
  isFound(t, away, 'Failure', /^The database is out of reach: /, /^Mend \[database\] connection/);
  const empty = await aDatabase(t, { schema: false });
  isFound(t, await check(empty.url), 'Failure', /^The schema is at nothing, this code/, /fenix-manage db upgrade/);
  const { url, database } = await aDatabase(t);
  isFound(t, await check(url), 'Warning', /^SQLite serves a single process/, /^Use MySQL or MariaDB/);
  await database
    .knex('knex_migrations')
    .insert({ name: '9999-later', batch: 2, migration_time: '2026-01-01 00:00:00' });
  isFound(t, await check(url), 'Warning', /9999-later, .* It serves this code\.$/, /^Upgrade Fenix on this machine/);
  await new SettingRepository(database).setSchemaServes('9999-later');
  isFound(t, await check(url), 'Failure', /9999-later, newer than this code/, /^Upgrade Fenix on this machine/);
});

test('a SQLite database is made for its owner alone; one that others can read is a warning that names its files', async (t) => {
  const { url, database } = await aDatabase(t);
  const file = url.replace('sqlite://', '');
  const modes = ['', '-wal', '-shm'].map((end) => (statSync(file + end).mode & 0o777).toString(8));
  t.deepEqual(modes, ['600', '600', '600']);
  const check = async () => found(installationChecks(partsWith(t, installed(url)), []), 'Database');
  t.notRegex((await check()).details, /may read/);
  chmodSync(file, 0o640);
  chmodSync(`${file}-wal`, 0o644);
  const checked = await check();
  isFound(
    t,
    checked,
    'Warning',
    /Others on this machine may read \S+fenix\.sqlite, \S+fenix\.sqlite-wal: /,
    /^Run "chmod 600 /,
  );
  await database.ping();
  t.is(statSync(file).mode & 0o777, 0o640, 'what an operator has set stays');
});

test('a broker is a failure while it cannot be reached or does not answer, and a warning in memory', async (t) => {
  const { url } = await aDatabase(t);
  /** @param isOver by default: as soon as a connection could not be made */
  const check = async (transport: string, isOver?: () => boolean) => {
    const options = installed(url);
    const parts = partsWith(t, { ...options, default: { ...options.default, transport_url: transport } });
    const hasFailed = (): boolean => /^no connection/.test(parts.resolve(TransportToken).broker.trouble ?? '');
    parts.registerInstance<MachineClock>(MachineClock, new BrokersClock(isOver ?? hasFailed));
    return found(installationChecks(parts, []), 'Broker');
  };
  isFound(t, await check('memory://'), 'Warning', /within each process/, /^Set \[DEFAULT\] transport_url/);
  const away = await check('rabbit://fenix:secret@127.0.0.1:1/');
  isFound(t, away, 'Failure', /^no connection to RabbitMQ \(127\.0\.0\.1:1: .*ECONNREFUSED/, /or RabbitMQ\.$/);
  t.notRegex(away.details, /secret/);
  let accepted = 0;
  const silent = createServer((socket) => {
    accepted += 1;
    socket.resume();
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const mute = await check(`rabbit://fenix:secret@127.0.0.1:${port}/`, () => accepted > 0);
  isFound(t, mute, 'Failure', /^not connected to RabbitMQ yet\.$/, /or RabbitMQ\.$/);
  isFound(t, await check('amqp://x'), 'Failure', /AMQP 1\.0/, /transport_url/);
});

test('what sessions left undone is a warning', async (t) => {
  const { url, database } = await aDatabase(t);
  const leftovers = async () => {
    const checks = installationChecks(partsWith(t, installed(url)), []);
    return found(
      checks.filter(({ name }) => ['Database', 'Leftovers'].includes(name)),
      'Leftovers',
    );
  };
  t.like(await leftovers(), { result: 'Success', details: 'Sessions left nothing undone.' });
  const { sessions, hosts } = new Repositories(database);
  const session = aSession({ state: 'MAINTENANCE_FAILED' });
  await sessions.create(session, database.knex);
  await database.knex('sessions').update({ closed: 1 });
  await hosts.add([aHost({ sessionId: session.sessionId, disabled: true })], database.knex);
  isFound(t, await leftovers(), 'Warning', /undone: 1 hosts\.$/, /leftovers list/);
});

test('a policy file or a plug-in that cannot be read is a failure', async (t) => {
  const directory = aDirectory(t);
  writeFileSync(join(directory, 'policy.yaml'), '"fenix:maintenance:session:get": [');
  const options = installed((await aDatabase(t)).url);
  const parts = partsWith(t, { ...options, default: { ...options.default, plugin_path: 'nowhere' } }, directory);
  const checks = installationChecks(parts, []).filter(({ name }) => ['Policy', 'Plug-ins'].includes(name));
  isFound(t, await found(checks, 'Policy'), 'Failure', /policy\.yaml/, /^Mend the file/);
  isFound(t, await found(checks, 'Plug-ins'), 'Failure', /^plugin_path names "nowhere"/, /plugin_path\.$/);
  const tolerant = {
    ...options,
    default: { ...options.default, plugin_path: 'nowhere' },
    plugins: { on_error: 'skip' },
  };
  const passed = installationChecks(partsWith(t, tolerant), []);
  isFound(t, await found(passed, 'Plug-ins'), 'Warning', /^1 plug-ins are passed over\. plugin_path names/, /^Mend or/);
});

async function aSimulator(t: ExecutionContext, maintenanceUrl: string | undefined = PUBLIC_URL): Promise<Simulator> {
  const simulator = await startSimulator({
    topology: {
      flavors: [{ name: 'small', vcpus: 1, memoryMb: 1, diskGb: 1 }],
      hosts: [{ name: 'alpha', vcpus: 2, memoryMb: 2, diskGb: 2 }],
      projects: [{ name: 'demo', instances: [{ name: 'web', flavor: 'small', host: 'alpha' }] }],
    },
    clock: new ScaledClock(),
    ...(maintenanceUrl !== '' && { maintenanceUrl }),
  });
  t.teardown(() => simulator.stop());
  return simulator;
}

/** As an operator would have it for a simulated cloud, with changes by section. */
function cloudOptions({ authUrl }: Simulator, changes: Options = {}): Options {
  const options = installed('sqlite://', authUrl);
  const merged = Object.keys({ ...options, ...changes }).map((name) => [name, { ...options[name], ...changes[name] }]);
  return { ...Object.fromEntries(merged), default: { public_url: PUBLIC_URL, ...changes.default } };
}

async function cloudFinding(t: ExecutionContext, name: string, simulator: Simulator, changes: Options = {}) {
  return found(cloudChecks(partsWith(t, cloudOptions(simulator, changes))), name);
}

const TENANT = { os_username: 'demo', os_password: 'demo', os_project_name: 'demo' };

test('a cloud that has everything is a success in all respects', async (t) => {
  const checked = await runChecks(cloudChecks(partsWith(t, cloudOptions(await aSimulator(t)))));
  t.deepEqual(
    checked.filter(({ result }) => result !== 'Success'),
    [],
  );
  const details = Object.fromEntries(checked.map((one) => [one.name, one.details]));
  t.is(details['Nova: microversions'], 'Nova offers 2.1 to 2.93.');
  t.regex(details['Keystone: engine'] ?? '', /^User fenix in project service, with role admin/);
  t.regex(details.Catalog ?? '', /maintenance at http:\/\/fenix\.example\.com/);
});

test('credentials that Keystone refuses, or that may not validate tokens, are failures', async (t) => {
  const simulator = await aSimulator(t);
  const wrong = { service_user: { os_password: 'no' } };
  const refused = await cloudFinding(t, 'Keystone: engine', simulator, wrong);
  isFound(t, refused, 'Failure', /^Keystone refuses the service's own credentials/, /fenix-manage register/);
  const tenant = { keystone_authtoken: { username: 'demo', password: 'demo', project_name: 'demo' } };
  const denied = await cloudFinding(t, 'Keystone: API', simulator, tenant);
  isFound(t, denied, 'Failure', /answered 403: You are not authorized/, /give its user role service/);
  const unset = { keystone_authtoken: { username: '' } };
  const missing = await cloudFinding(t, 'Keystone: API', simulator, unset);
  isFound(
    t,
    missing,
    'Failure',
    /set \[keystone_authtoken\] username or \[keystone_authtoken\] user_id\.$/,
    /keystone_authtoken/,
  );
});

test('a catalog without what is needed is a failure, one that differs from the configuration a warning', async (t) => {
  const simulator = await aSimulator(t);
  const elsewhere = await cloudFinding(t, 'Catalog', simulator, { nova: { region_name: 'two' } });
  isFound(t, elsewhere, 'Failure', /no internal endpoint of type compute in region two/, /region_name/);
  const other = await cloudFinding(t, 'Catalog', simulator, { default: { public_url: 'http://other/v1' } });
  isFound(t, other, 'Warning', /^The catalog says .*, \[DEFAULT\] public_url http:\/\/other\/v1\.$/, /register/);
  const bare = await aSimulator(t, '');
  isFound(t, await cloudFinding(t, 'Catalog', bare), 'Warning', /clients cannot find the API/, /register/);
  const lost = await cloudFinding(t, 'Catalog', bare, { default: { public_url: '' } });
  isFound(t, lost, 'Failure', /notices would name an address of no use/, /register/);
});

async function anAddress(t: ExecutionContext, handler: Handler): Promise<string> {
  const http = await httpDouble(handler);
  t.teardown(() => http.close());
  return http.url;
}

test('services that are too old are failures that name every need', async (t) => {
  const simulator = await aSimulator(t);
  const old = await anAddress(t, () => ({ body: { version: { id: 'v2.1', version: '2.53', min_version: '2.1' } } }));
  const nova = await cloudFinding(t, 'Nova: microversions', simulator, { nova: { endpoint_override: old } });
  isFound(
    t,
    nova,
    'Failure',
    /2\.56 is needed to migrate an instance to a named host\. .*2\.69 is needed/,
    /^Upgrade Nova/,
  );
  const older = await anAddress(t, () => ({
    body: { versions: [{ id: 'v1.0', max_version: '1.20', min_version: '1.0' }] },
  }));
  const placement = await cloudFinding(t, 'Placement', simulator, { placement: { endpoint_override: older } });
  isFound(t, placement, 'Failure', /^Placement offers 1\.0 to 1\.20, but .*1\.31 is needed/, /^Upgrade Placement/);
  const untyped = await anAddress(t, ({ path }) =>
    path === '/'
      ? { body: { versions: [{ id: 'v1.0', max_version: '1.36', min_version: '1.0' }] } }
      : { body: { resource_providers: [] } },
  );
  const holding = { placement: { endpoint_override: untyped }, workflow: { hold_room: 'placeholders' } };
  const types = await cloudFinding(t, 'Placement', simulator, holding);
  isFound(t, types, 'Failure', /1\.38 is needed to hold the room of planned moves/, /^Upgrade Placement/);
  const nothing = await anAddress(t, () => ({ status: 404, body: {} }));
  const gone = await cloudFinding(t, 'Nova: microversions', simulator, { nova: { endpoint_override: nothing } });
  isFound(t, gone, 'Failure', /answered 404/, /^Mend the address of Nova/);
});

test('rights that the engine does not have are failures', async (t) => {
  const simulator = await aSimulator(t);
  const checks = cloudChecks(partsWith(t, cloudOptions(simulator, { service_user: TENANT })));
  for (const [name, details] of [
    ['Nova: rights', /answered 403/],
    ['Placement', /answered 403/],
    ['Aodh', /answered 401: Not Authorized to access project/],
  ] as const) {
    isFound(t, await found(checks, name), 'Failure', details, /^Give the user of \[service_user\] role admin/);
  }
});

const PIPELINE = `
sources: [{name: s, events: ["*"], sinks: [k]}]
sinks: [{name: k, publishers: ["gnocchi://", "notifier://?topic=alarm.all"]}]
`;

function definitionOf(type: string, fields: readonly string[]): string {
  return `- event_type: ${type}\n  traits:\n${fields.map((name) => `    ${name}:\n      fields: payload.${name}\n`).join('')}`;
}

const COMMON = ['project_id', 'state', 'session_id'];
const NOTICE = ['allowed_actions', 'instance_ids', 'reply_url', 'actions_at', 'reply_at', 'metadata'];
const SCHEDULED = definitionOf('maintenance.scheduled', [...COMMON, ...NOTICE]);
const OTHERS =
  definitionOf('maintenance.host', [...COMMON, 'host']) +
  definitionOf('maintenance.session', [...COMMON, 'percent_done']);

async function ceilometer(t: ExecutionContext, definitions: string, pipeline = PIPELINE): Promise<readonly Checked[]> {
  const directory = aDirectory(t);
  const files = { definitions: join(directory, 'definitions.yaml'), pipeline: join(directory, 'pipeline.yaml') };
  writeFileSync(files.definitions, definitions);
  writeFileSync(files.pipeline, pipeline);
  return runChecks(ceilometerChecks(files));
}

const CEILOMETER: readonly [string, string, RegExp][] = [
  [
    'no definition of an event',
    SCHEDULED,
    /no definition of maintenance\.host; no definition of maintenance\.session\.$/,
  ],
  [
    'a definition without traits',
    definitionOf('maintenance.scheduled', COMMON) + OTHERS,
    /maintenance\.scheduled without allowed_actions, instance_ids, reply_url/,
  ],
  [
    'a later definition that lacks what the first one has',
    `${SCHEDULED}${OTHERS}- event_type: maintenance.*\n  traits: {}\n`,
    /maintenance\.scheduled without project_id/,
  ],
  [
    'a trait of another field',
    SCHEDULED.replace('payload.reply_url', 'payload.url') + OTHERS,
    /maintenance\.scheduled without reply_url\.$/,
  ],
  ['something else than a list', 'a: b', /does not hold a list of definitions\.$/],
  ['broken YAML', '- [', /definitions\.yaml: /],
];
for (const [what, text, details] of CEILOMETER) {
  test(`Ceilometer's definitions fail with ${what}`, async (t) => {
    const [definitions] = await ceilometer(t, text);
    isFound(t, definitions as Checked, 'Failure', details, /etc\/fenix\/ceilometer/);
  });
}

test("Ceilometer's definitions are found by wildcards, in lists and with exclusions, as Ceilometer reads them", async (t) => {
  const listed = SCHEDULED.replace(
    'event_type: maintenance.scheduled',
    "event_type: ['maintenance.s*', '!maintenance.session']",
  );
  for (const text of [SCHEDULED + OTHERS, listed + OTHERS, `${OTHERS}${listed}`]) {
    const checked = await ceilometer(t, text);
    t.deepEqual(
      checked.map(({ result }) => result),
      ['Success', 'Success'],
      checked[0]?.details,
    );
  }
});

test("Ceilometer's pipeline fails without the publisher that Aodh hears, or a source for it", async (t) => {
  const [, deaf] = await ceilometer(t, '[]', PIPELINE.replace('alarm.all', 'other'));
  isFound(t, deaf as Checked, 'Failure', /no sink publishes to alarm\.all/, /notifier:\/\/\?topic=alarm\.all/);
  const [, narrow] = await ceilometer(t, '[]', PIPELINE.replace('"*"', '"compute.*", "maintenance.host"'));
  isFound(t, narrow as Checked, 'Failure', /takes maintenance\.scheduled, maintenance\.session\.$/, /event_pipeline/);
});

test('Ceilometer on another machine is a warning', async (t) => {
  const checked = await runChecks(ceilometerChecks({ definitions: '/nonexistent/d', pipeline: '/nonexistent/p' }));
  for (const [index, option] of ['definitions', 'pipeline'].entries()) {
    const remedy = new RegExp(`--ceilometer-${option}\\.$`);
    isFound(t, checked[index] as Checked, 'Warning', /on this machine\.$/, remedy);
  }
});

test('a clock that is off is a warning, and a failure when it is by much', (t) => {
  t.is(skewOf('Nova', 10_000, 8000, 10_000).result, 'Success');
  t.deepEqual(skewOf('Nova', 0, 10_000, 10_000), {
    result: 'Warning',
    details: 'The clock of Nova is 10.0 s behind ours.',
    remedy: 'Let all machines of the cloud follow the same NTP servers.',
  });
  t.like(skewOf('Nova', 100_000, 0, 0), { result: 'Failure', details: 'The clock of Nova is 100.0 s ahead of ours.' });
});

test("the clocks of cloud and database are compared with this machine's", async (t) => {
  const simulator = await aSimulator(t);
  const { url } = await aDatabase(t);
  const skews = async (aheadMs: number): Promise<string[]> => {
    const parts = partsWith(t, cloudOptions(simulator, { database: { connection: url } }));
    const checks = [...installationChecks(parts, []), ...clockChecks(parts, () => Date.now() + aheadMs)];
    const checked = await runChecks(checks.filter(({ name }) => name === 'Database' || name.startsWith('Clock')));
    return checked.slice(1).map(({ result }) => result);
  };
  t.deepEqual(await skews(0), ['Success', 'Success']);
  t.deepEqual(await skews(30_000), ['Warning', 'Warning']);
  t.deepEqual(await skews(600_000), ['Failure', 'Failure']);
});

test('downloads need a directory of the service’s own, with room for the largest', async (t) => {
  const place = aDirectory(t);
  const downloads = async (more: object, hosts = 'files.example.org') => {
    const parts = partsWith(t, { default: { download_allowed_hosts: hosts, local_cache_dir: place, ...more } });
    return found(installationChecks(parts, []), 'Downloads');
  };
  t.like(await downloads({ local_cache_dir: '/proc/none' }, ''), { result: 'Success' }, 'they are off');
  const made = await downloads({ local_cache_dir: join(place, 'not', 'yet'), download_max_size: 1024 });
  t.is(made.result, 'Success', made.details);
  t.regex(made.details, /can be made, with \d+ MiB free/);
  writeFileSync(join(place, 'file'), '');
  isFound(t, await downloads({ local_cache_dir: join(place, 'file') }), 'Failure', /is no directory/, /Remove it/);
  isFound(
    t,
    await downloads({ local_cache_dir: '/proc/none' }),
    process.getuid?.() === 0 ? 'Warning' : 'Failure',
    /\/proc/,
    /./,
  );
  isFound(t, await downloads({ download_max_size: 2 ** 50 }), 'Warning', /has \d+ MiB free, less than/, /Make room/);
  chmodSync(place, 0o777);
  isFound(t, await downloads({}), 'Warning', /may be written by others/, /chmod 0700/);
});
