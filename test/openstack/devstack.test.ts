import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { parse } from 'yaml';
import { TestCloud } from './cloud/cloud.js';
import { environment } from './cloud/environment.js';
import { Processes } from './cloud/processes.js';
import { OWN_FILES } from './cloud/services/ceilometer.js';
import { DevStack } from './support/devstack.js';
import { Story } from './support/story.js';

const CEILOMETER_FILES = ['event_definitions.yaml', 'event_pipeline.yaml'];

/** Fenix is installed and built twice. */
const PATIENCE_MS = 1_800_000;

interface Endpoint {
  readonly interface: string;
  readonly url: string;
}

test('the DevStack plugin brings Fenix up, again without harm, serves a session, and leaves nothing', async (t) => {
  t.timeout(PATIENCE_MS);
  const cloud = TestCloud.open();
  const devstack = await DevStack.prepare(t, cloud);
  const etc = devstack.path('CEILOMETER_CONF_DIR');
  pristineCeilometer(t, cloud, etc);
  const before = ceilometerFiles(etc);
  const source = readdirSync(devstack.source).sort();

  const first = await devstack.stack();
  t.regex(first, /smoke test passed/);
  const registered = await registration(cloud);
  t.deepEqual(registered, {
    services: ['fenix'],
    endpoints: ['admin', 'internal', 'public'].map((each) => `${each} ${devstack.url}`),
    users: ['fenix'],
  });
  const added = ceilometerFiles(etc);
  t.is(count(added, /event_type: maintenance\.scheduled/g), 1);
  t.is(count(added, /topic=alarm\.all/g), 1);

  const second = await devstack.stack();
  t.regex(second, /smoke test passed/);
  t.deepEqual(await registration(cloud), registered);
  t.deepEqual(ceilometerFiles(etc), added);
  t.is(count([first, second], /: OK$/gm), 1, 'Node.js was fetched once');

  await t.notThrowsAsync(maintains(t, cloud, devstack));

  await devstack.unstack();
  t.deepEqual(await registration(cloud), { services: [], endpoints: [], users: [] });
  await t.throwsAsync(fetch(devstack.url), undefined, 'nothing listens');
  const processes = new Processes(cloud.settings.home, environment(cloud.settings.home));
  t.deepEqual(
    processes.names().filter((name) => name.startsWith('fenix')),
    [],
  );

  await devstack.clean();
  t.deepEqual(ceilometerFiles(etc), before);
  t.false(existsSync(devstack.path('FENIX_CONF_DIR')));
  t.false(existsSync(join(devstack.path('DATA_DIR'), 'fenix')));
  t.false(existsSync(join(devstack.path('DEST'), 'fenix-node')));
  t.deepEqual(readdirSync(devstack.source).sort(), source);
  t.deepEqual(await databasesOf(cloud), []);
  t.deepEqual(cloud.dead(), []);
  await t.notThrowsAsync(devstack.unstack(), 'which is no harm when nothing is there');
});

test('a Node.js that is not what its site says is not run', async (t) => {
  const devstack = await DevStack.prepare(t, TestCloud.open());
  const site = join(devstack.path('DEST'), 'site', `v${process.versions.node}`);
  const sums = join(site, 'SHASUMS256.txt');
  writeFileSync(sums, readFileSync(sums, 'utf8').replaceAll(/^[0-9a-f]{60}/gm, '0'.repeat(60)));
  await t.throwsAsync(devstack.call('stack', 'pre-install'), { message: /No Node\.js .* from file:/ });
  t.false(existsSync(join(devstack.path('DEST'), 'fenix-node')));
  rmSync(devstack.path('DEST'), { recursive: true });
});

/** A whole session, judged by Nova's own lists. */
async function maintains(t: ExecutionContext, cloud: TestCloud, devstack: DevStack): Promise<void> {
  cloud.wellAgain();
  const story = await Story.on(t, cloud, devstack, { workers: 1 });
  const sessionId = await story.maintain();
  const { state, reason } = await story.ends(sessionId);
  t.is(state, 'MAINTENANCE_DONE', JSON.stringify(reason));
  await story.closes(sessionId);
  await story.isInOrder(t);
  await story.movedAsPlanned(t, sessionId);
  t.deepEqual(story.manager.problems, []);
}

/**
 * As Ceilometer's DevStack plugin copies them where nobody has set CEILOMETER_EVENT_ALARM; afterwards as the cloud's other
 * stories need them.
 */
function pristineCeilometer(t: ExecutionContext, cloud: TestCloud, etc: string): void {
  // The last thing to be done: what is registered later comes before.
  t.teardown(() => cloud.restart('ceilometer'));
  for (const name of CEILOMETER_FILES) {
    const file = join(etc, name);
    const text = readFileSync(file);
    t.teardown(() => writeFileSync(file, text));
    writeFileSync(file, readFileSync(join(OWN_FILES, name)));
  }
}

function ceilometerFiles(etc: string): string[] {
  const texts = CEILOMETER_FILES.map((name) => readFileSync(join(etc, name), 'utf8'));
  for (const text of texts) parse(text);
  return texts;
}

function count(texts: readonly string[], pattern: RegExp): number {
  return texts.reduce((sum, text) => sum + [...text.matchAll(pattern)].length, 0);
}

/** What Keystone knows of Fenix. */
async function registration({ admin }: TestCloud) {
  const { services } = await admin.get<{ services: { id: string; name: string }[] }>(
    'identity',
    '/services?type=maintenance',
  );
  const { endpoints } = await admin.get<{ endpoints: (Endpoint & { service_id: string })[] }>('identity', '/endpoints');
  const { users } = await admin.get<{ users: { name: string }[] }>('identity', '/users?name=fenix');
  const ids = services.map(({ id }) => id);
  const own = endpoints.filter(({ service_id }) => ids.includes(service_id));
  return {
    services: services.map(({ name }) => name),
    endpoints: own.map((endpoint) => `${endpoint.interface} ${endpoint.url}`).sort(),
    users: users.map(({ name }) => name),
  };
}

async function databasesOf({ settings }: TestCloud): Promise<string[]> {
  const connection = await mysql.createConnection(settings.mysqlUrl);
  try {
    const [rows] = await connection.query<RowDataPacket[]>("SHOW DATABASES LIKE 'fenix'");
    return rows.map((row) => String(Object.values(row)[0]));
  } finally {
    await connection.end();
  }
}
