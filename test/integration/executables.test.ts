import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { ScaledClock, SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { Repositories } from '../../src/db/repositories.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { generateTopology, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { aSession, NOON } from '../support/api-records.js';
import { aDatabase, installed, type Options } from '../support/installation.js';
import { aPluginDirectory } from '../support/plugin-files.js';
import { aDirectory, asEnvironment, Program, type ProgramName } from '../support/program.js';

const NAMES = ['api', 'engine', 'manage', 'simulator'] as const;
const PASSWORD = 'not-to-be-shown';
const root = fileURLToPath(new URL('../../..', import.meta.url));

async function newerDatabase(t: ExecutionContext): Promise<string> {
  const { url, database } = await aDatabase(t);
  const row = { name: '9999-later', batch: 2, migration_time: '2026-01-01 00:00:00' };
  await database.knex('knex_migrations').insert(row);
  return url;
}

async function aSimulator(t: ExecutionContext): Promise<Simulator> {
  const topology = generateTopology({ hosts: 2, instances: 2, projects: 1, seed: 1 });
  const simulator = await startSimulator({ topology, clock: new ScaledClock(), logger: silentLogger });
  t.teardown(() => simulator.stop());
  return simulator;
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
}

function logOf(program: Program): LogLine[] {
  const lines = program.stderr.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as LogLine);
}

for (const name of NAMES) {
  test(`fenix-${name} says its version and how it is used`, async (t) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const asked = ['--version', '--help'].map((option) => new Program(t, name, [option]));
    t.deepEqual(await Promise.all(asked.map(({ ended }) => ended)), [0, 0]);
    t.is(asked[0]?.stdout, `${version}\n`);
    t.regex(asked[1]?.stdout ?? '', new RegExp(`^Usage: fenix-${name} \\[options\\]`));
    t.regex(asked[1]?.stdout ?? '', /--config-file <file>/);
  });
}

/** Starts it and expects one sentence and exit code 1; nothing of a stack, no password. */
async function refuses(
  t: ExecutionContext,
  name: ProgramName,
  args: string[],
  options: Options,
  sentence: RegExp,
): Promise<void> {
  const program = new Program(t, name, args, asEnvironment(options));
  t.is(await program.ended, 1, program.stderr);
  const [line = '', ...more] = program.stderr.trimEnd().split('\n');
  t.deepEqual(more, []);
  t.regex(line.startsWith('{') ? (JSON.parse(line) as LogLine).msg : line, sentence);
  t.notRegex(program.stderr, new RegExp(`\\n\\s+at |${PASSWORD}`));
}

test('an option or a file that is not there is refused', async (t) => {
  await refuses(t, 'engine', ['--bogus'], {}, /^error: unknown option '--bogus'$/);
  await refuses(t, 'api', ['--config-file', '/nonexistent/f.conf'], {}, /^Configuration file \/nonexistent\/f\.conf: /);
  await refuses(t, 'manage', ['db', 'downgrade'], {}, /^error: unknown command 'downgrade'/);
});

test('a bad configuration is refused with a sentence per option that says where it came from', async (t) => {
  const files = ['[DEFAULT]\nport = many\nlog_format = json\n', '[engine]\nlease_time = -5\n'].map((text, index) => {
    const file = join(aDirectory(t), `${index}.conf`);
    writeFileSync(file, text);
    return file;
  });
  for (const name of ['api', 'engine', 'simulator'] as const) {
    const program = new Program(
      t,
      name,
      files.flatMap((file) => ['--config-file', file]),
    );
    t.is(await program.ended, 1);
    t.deepEqual(program.stderr.split('\n'), [
      `${files[0]}, line 2: option port in section [DEFAULT] must be a whole number from 0 up to 65535, not "many".`,
      `${files[1]}, line 2: option lease_time in section [engine] must be a number from 0.1, not "-5".`,
      '',
    ]);
  }
});

test('what is missing in the configuration is refused by name', async (t) => {
  const { url } = await aDatabase(t);
  const { default: common = {} } = installed(url);
  await refuses(
    t,
    'engine',
    [],
    { default: common },
    /Option connection in section \[database\] is not set; it must be/,
  );
  const options = { default: common, database: { connection: url } };
  await refuses(t, 'api', [], options, /^Cannot start: .* set \[keystone_authtoken\] auth_url\.$/);
  await refuses(t, 'engine', [], options, /^Cannot start: .* set \[service_user\] os_auth_url\.$/);
});

test('a database out of reach is refused', async (t) => {
  const options = installed(`mysql+pymysql://fenix:${PASSWORD}@127.0.0.1:1/fenix?charset=utf8`);
  for (const name of ['api', 'engine'] as const) {
    await refuses(t, name, [], options, /^Cannot start: The database is out of reach: .*ECONNREFUSED/);
  }
  await refuses(t, 'manage', ['db', 'upgrade'], options, /^The database is out of reach: .*ECONNREFUSED/);
});

test('a schema older than the code is refused with what to do about it', async (t) => {
  const { url } = await aDatabase(t, { schema: false });
  for (const name of ['api', 'engine'] as const) {
    await refuses(
      t,
      name,
      [],
      installed(url),
      /^Cannot start: The database is empty, .* run "fenix-manage db upgrade"\.$/,
    );
  }
});

test('a schema newer than the code is refused, by fenix-manage as well', async (t) => {
  const options = installed(await newerDatabase(t));
  const sentence = /The database schema is at 9999-later, newer than this code/;
  for (const name of ['api', 'engine'] as const) await refuses(t, name, [], options, sentence);
  await refuses(t, 'manage', ['db', 'upgrade'], options, sentence);
});

test('a plug-in path that leads nowhere is refused', async (t) => {
  const options = installed((await aDatabase(t)).url);
  options.default = { ...options.default, plugin_path: 'nowhere-to-be-found' };
  await refuses(t, 'engine', [], options, /^Cannot start: plugin_path names "nowhere-to-be-found"/);
  const broken = aPluginDirectory(t, {
    'actions/bad.mjs': 'export default 1;',
    'actions/exits.mjs': 'process.exit(0);',
  });
  options.default = { ...options.default, plugin_path: `nowhere-to-be-found,${broken}` };
  await refuses(
    t,
    'engine',
    [],
    options,
    /^Cannot start: 3 plug-ins cannot be used\.\nplugin_path .*\nPlug-in .*\nPlug-in /,
  );
});

test('a port that is taken is refused', async (t) => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) =>
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
  );
  t.teardown(() => taken.close());
  const options = installed((await aDatabase(t)).url);
  options.default = { ...options.default, port };
  await refuses(t, 'api', [], options, new RegExp(`^Cannot start: Cannot listen on 127\\.0\\.0\\.1:${port}`));
  const args = ['--port', String(port)];
  await refuses(t, 'simulator', args, { default: { log_format: 'json' } }, /^Cannot start: .*EADDRINUSE/);
});

test('fenix-manage brings the schema up and says how it stands', async (t) => {
  const { url } = await aDatabase(t, { schema: false });
  const manage = async (...args: string[]): Promise<string> => {
    const program = new Program(t, 'manage', args, asEnvironment({ database: { connection: url } }));
    t.is(await program.ended, 0, program.stderr);
    return program.stdout;
  };
  t.regex(await manage('db', 'version'), /^database: empty\n.*\nThe database is older than the code\.\n$/);
  t.regex(await manage('db', 'upgrade'), /^0001-sessions\n(.*\n)+\d+ schema migration\(s\) run\.\n$/);
  t.is(await manage('db', 'upgrade'), 'The schema is up to date.\n');
  t.regex(await manage('db', 'version'), /The database is up to date\.\n$/);
  t.is(await manage('config', 'sample'), readFileSync(join(root, 'etc/fenix/fenix.conf.sample'), 'utf8'));
});

test('fenix-manage tells what happened to a session, of a deleted one too, and purges it', async (t) => {
  const { url, database } = await aDatabase(t);
  const repositories = new Repositories(database);
  const session = aSession();
  const { sessionId } = session;
  await repositories.sessions.create(session, database.knex);
  const details = { to: 'MAINTENANCE_DONE', why: 'all hosts are done', hosts: ['a', 'b', 'c', 'd'] };
  const lines = [
    { sessionId, seq: 1, at: NOON, who: 'engine', what: 'state', details },
    { sessionId, seq: null, at: NOON, who: 'admin', what: 'delete', details: {} },
  ];
  await repositories.history.append(lines, database.knex);
  const command = { kind: 'delete' as const, args: {}, userId: 'admin', requestId: 'req-1', receivedAt: NOON };
  await repositories.commands.insert({ sessionId, ...command });
  await database.knex('commands').update({ handled_at: '2026-01-01 12:00:00' });
  await database.knex('sessions').update({ closed: 1 });
  const options = { database: { connection: url } };
  const manage = async (...args: string[]): Promise<string> => {
    const program = new Program(t, 'manage', args, asEnvironment(options));
    t.is(await program.ended, 0, program.stderr);
    return program.stdout;
  };
  t.deepEqual((await manage('history', sessionId)).split('\n'), [
    '2026-01-01 12:00:00  engine  state   to=MAINTENANCE_DONE why="all hosts are done" hosts=[a,b,c and 1 more]',
    '2026-01-01 12:00:00  admin   delete',
    '',
  ]);
  t.deepEqual(JSON.parse(await manage('history', sessionId, '--json'))[0].details, details);
  t.is(await manage('db', 'purge', '--older-than', '36500'), '0 session(s) removed.\n');
  const counted = 'history   2\ncommands  1\nsessions  1\n1 session(s)';
  t.is(await manage('db', 'purge', '--older-than', '0', '--dry-run'), `${counted} would be removed.\n`);
  t.is(await manage('db', 'purge', '--older-than', '0'), `${counted} removed.\n`);
  await refuses(
    t,
    'manage',
    ['history', sessionId],
    options,
    new RegExp(`^Nothing is known of a session ${sessionId}`),
  );
});

test('fenix-manage tells who set and who deleted constraints', async (t) => {
  const { url, database } = await aDatabase(t);
  const line = { kind: 'group', objectId: 'g 1', projectId: 'p1', at: NOON } as const;
  const changes = [
    { ...line, who: 'anna', what: 'constraints-stored', details: { constraints: { recovery_time: 5 } } },
    { ...line, projectId: null, who: 'admin', what: 'constraints-deleted', details: { removed: 2 } },
  ] as const;
  const { constraintChanges } = new Repositories(database);
  for (const change of changes) await constraintChanges.append(change, database.knex);
  const options = { database: { connection: url } };
  const told = new Program(t, 'manage', ['constraint-history', 'g 1'], asEnvironment(options));
  t.is(await told.ended, 0, told.stderr);
  t.deepEqual(told.stdout.split('\n'), [
    '2026-01-01 12:00:00  anna   constraints-stored   of=group project_id=p1 constraints={"recovery_time":5}',
    '2026-01-01 12:00:00  admin  constraints-deleted  of=group removed=2',
    '',
  ]);
  await refuses(
    t,
    'manage',
    ['constraint-history', 'g'],
    options,
    /^Nobody set constraints for an instance or a group g/,
  );
});

test('fenix-manage freezes and thaws everything, and says who did and why', async (t) => {
  const { url } = await aDatabase(t);
  const manage = async (...args: string[]): Promise<string> => {
    const options = { ...asEnvironment({ database: { connection: url } }), SUDO_USER: 'alice' };
    const program = new Program(t, 'manage', args, options);
    t.is(await program.ended, 0, program.stderr);
    return program.stdout;
  };
  t.is(await manage('freeze', '--status'), 'Not frozen.\n');
  const frozen = await manage('freeze', '--reason', 'storage is down');
  t.regex(frozen, /^Frozen since \d{4}-.* by fenix-manage \(alice at .*\): storage is down\.\n$/);
  t.is(await manage('freeze', '--reason', 'another'), frozen);
  t.is(await manage('freeze', '--status'), frozen);
  t.is(await manage('thaw'), `Thawed. It was: ${frozen}`);
  t.is(await manage('thaw'), 'Nothing was frozen.\n');
});

test('API and engine serve a session that was created, and stop cleanly in the middle of it', async (t) => {
  const { url, database } = await aDatabase(t);
  const simulator = await aSimulator(t);
  const environment = asEnvironment(installed(url, simulator.authUrl));
  const api = new Program(t, 'api', [], environment);
  const engine = new Program(t, 'engine', [], environment);
  const [, address = ''] = await api.says(/"url":"([^"]+)"/);
  await engine.says(/"engine started"/);

  t.is((await fetch(`${address}/healthcheck`)).status, 200);
  t.is((await fetch(`${address}/v1/maintenance`)).status, 401);
  const credentials = { authUrl: simulator.authUrl, ...simulator.adminCredentials };
  const admin = new KeystoneSession(credentials, {}, new SystemMachineClock(), silentLogger);
  const answer = await fetch(`${address}/v1/maintenance`, {
    method: 'POST',
    headers: { 'x-auth-token': await admin.authToken() },
    body: JSON.stringify({ maintenance_at: '2026-01-01 00:00:00' }),
  });
  t.is(answer.status, 200);
  const { session_id: sessionId } = (await answer.json()) as { session_id: string };
  await engine.says(/"session owned"/);
  // What is done for a session is logged under the id of the request that created it.
  const requestId = answer.headers.get('x-openstack-request-id') ?? 'none';
  await engine.says(new RegExp(`"session":"${sessionId}","request_id":"${requestId}"`));
  const repositories = new Repositories(database);
  t.not((await repositories.sessions.get(sessionId))?.owner, null);

  engine.kill('SIGTERM');
  t.is(await engine.ended, 0, engine.stderr);
  t.is((await repositories.sessions.get(sessionId))?.owner, null);
  api.kill('SIGTERM');
  t.is(await api.ended, 0, api.stderr);
  t.is(logOf(engine).at(-1)?.msg, 'engine stopped');
  t.deepEqual(
    [...logOf(api), ...logOf(engine)].filter(({ level }) => level === 'error'),
    [],
  );
});

test('fenix-manage status check says in a table or as JSON what is wrong, and how to mend it', async (t) => {
  const simulator = await aSimulator(t);
  simulator.setMaintenanceUrl('http://127.0.0.1/v1');
  const options = installed((await aDatabase(t)).url, simulator.authUrl);
  const check = async (environment: Options, ...args: string[]): Promise<Program> => {
    const program = new Program(t, 'manage', ['status', 'check', ...args], asEnvironment(environment));
    await program.ended;
    return program;
  };
  const well = await check(options, '--json', '--ceilometer-definitions', '/nonexistent');
  t.is(await well.ended, 1, well.stderr);
  const checked = JSON.parse(well.stdout) as { name: string; result: string; remedy?: string }[];
  t.deepEqual(
    checked.filter(({ result }) => result !== 'Success').map(({ name, result }) => `${name}: ${result}`),
    ['Database: Warning', 'Broker: Warning', 'Ceilometer definitions: Warning', 'Ceilometer pipeline: Warning'],
  );
  t.true(checked.every(({ result, remedy }) => (result === 'Success') === (remedy === undefined)));
  const bad = await check({ ...options, engine: { lease_time: -5 } });
  t.is(await bad.ended, 2);
  t.regex(bad.stdout, /\| Check: Configuration +\|\n\| Result: Failure +\|\n\| Details: .*lease_time/);
});

test('API and engine start without a broker, say once that it is away, and stop cleanly', async (t) => {
  const options = installed((await aDatabase(t)).url);
  options.default = { ...options.default, transport_url: 'rabbit://fenix:not-to-be-shown@127.0.0.1:1/' };
  options.oslo_messaging_rabbit = { rabbit_retry_interval: 0.05, rabbit_retry_backoff: 0, rabbit_interval_max: 0 };
  const programs = (['api', 'engine'] as const).map((name) => new Program(t, name, [], asEnvironment(options)));
  const [api, engine] = programs as [Program, Program];
  const [, address = ''] = await api.says(/"url":"([^"]+)"/);
  await engine.says(/"engine started"/);
  const health = (await (await fetch(`${address}/healthcheck`)).json()) as {
    status: string;
    checks: { broker: object };
  };
  t.like(health, { status: 'degraded', checks: { broker: { ok: false } } });
  for (const program of programs) {
    await program.says(/RabbitMQ cannot be reached/);
    program.kill('SIGTERM');
    t.is(await program.ended, 0, program.stderr);
    const said = logOf(program).filter(({ msg }) => /RabbitMQ/.test(msg));
    t.deepEqual(
      said.map(({ level, msg }) => `${level}: ${msg}`),
      ['warn: RabbitMQ cannot be reached; attempts go on'],
    );
    t.notRegex(program.stderr, new RegExp(PASSWORD));
  }
});

test('a transport_url or an option in it that cannot be used is refused', async (t) => {
  const options = installed((await aDatabase(t)).url);
  const refused = (transport: string, sentence: RegExp): Promise<void> => {
    options.default = { ...options.default, transport_url: transport };
    return refuses(t, 'engine', [], options, sentence);
  };
  await refused(`amqp://u:${PASSWORD}@h/`, /AMQP 1\.0, which Fenix does not speak; write rabbit:\/\/\.$/);
  await refused(`rabbit://u:${PASSWORD}@h/?ssl=perhaps`, /ssl: must be true or false/);
  await refused('rabbit://h/?ssl=true&ssl_ca_file=/nonexistent.pem', /Option ssl_ca_file .*ENOENT/);
});

test('the log is for people unless it is to be JSON', async (t) => {
  const options = installed((await aDatabase(t)).url);
  options.default = { ...options.default, log_format: 'text' };
  const api = new Program(t, 'api', [], asEnvironment(options));
  await api.says(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: API listens\n/m);
  api.kill('SIGINT');
  t.is(await api.ended, 0, api.stderr);
});

test('fenix-simulator says where its services are, serves and stops', async (t) => {
  const simulator = new Program(t, 'simulator', ['--port', '0', '--hosts', '2', '--instances', '2', '--projects', '1']);
  const [, authUrl = ''] = await simulator.says(/^Keystone +(\S+)/m);
  await simulator.says(/^clock .*\n/m);
  t.is((await fetch(authUrl)).status, 200);
  simulator.kill('SIGTERM');
  t.is(await simulator.ended, 0, simulator.stderr);
});
