import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { FenixClient } from '../../src/client/index.js';
import { ServiceProcess } from '../../src/cmd/demo/service-process.js';
import { startSurroundings } from '../../src/cmd/demo/surroundings.js';
import { adminOf } from '../../src/cmd/simulated.js';
import { plusSeconds } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { asEnvironment, type Values } from '../../src/config/index.js';
import { SessionRepository } from '../../src/db/session-repository.js';
import { generateTopology } from '../../src/simulator/index.js';
import { eventually } from '../support/eventually.js';

/*
 * The release before this one and this one on one database and one broker, as while an operator upgrades machine by machine.
 */
const SPEED = 20;
/** Real seconds that nothing here needs. */
const LONG_S = 180;
const INSTANCES = 10;
const RELEASES = {
  older: join(String(process.env.FENIX_TEST_PREVIOUS), 'dist/src/cmd'),
  newer: fileURLToPath(new URL('../../src/cmd', import.meta.url)),
} as const;
type Release = keyof typeof RELEASES;

interface Launched {
  readonly service: ServiceProcess;
  /** Of an API, ending in /v1. */
  readonly url: string;
}

interface Engine extends Launched {
  readonly host: string;
}

test('a session goes from the older release to the newer, back, and on again, while the schema is upgraded under it', async (t) => {
  const { simulator, clock, upgrade, oldApi, startApi, startEngine, clientOf, ownerOf } = await anInstallation(t);
  const movesSeen = (): number => [...simulator.report().moves.values()].reduce((sum, count) => sum + count, 0);
  const isOwnedBy = (host: string) =>
    eventually(async () => (await ownerOf(sessionId)).startsWith(`${host}:`), host, LONG_S);
  const moves = async (): Promise<void> => {
    const before = movesSeen();
    await eventually(async () => movesSeen() > before, 'another move', LONG_S);
  };
  const ends = async (client: FenixClient, id: string): Promise<void> => {
    await eventually(async () => (await client.detail(id)).state === 'MAINTENANCE_DONE', 'the end', LONG_S);
  };

  const engines = [await startEngine('older', 'old-1'), await startEngine('older', 'old-2')];
  const client = clientOf(oldApi);
  const sessionId = await client.create(aRequest(clock.now()));
  await eventually(async () => (await client.detail(sessionId)).waiting?.for === 'moves', 'moves', LONG_S);
  const first = await ownerOf(sessionId);
  const [owner, other] = first.startsWith('old-1:') ? engines : engines.toReversed();
  if (owner === undefined || other === undefined) throw new Error('two were started');

  // The schema first, then engine by engine; those that run go on.
  upgrade('newer');
  const newer = await startEngine('newer', 'new-1');
  other.service.signal('SIGSTOP');
  await owner.service.stop('SIGKILL');
  await isOwnedBy('new-1');
  await moves();

  other.service.signal('SIGCONT');
  await newer.service.stop('SIGKILL');
  await isOwnedBy(other.host);
  await moves();

  await startEngine('newer', 'new-2');
  await other.service.stop('SIGTERM');
  await isOwnedBy('new-2');
  await ends(client, sessionId);
  const { moves: made, violations } = simulator.report();
  t.deepEqual(violations, []);
  t.is(made.size, INSTANCES);
  t.deepEqual([...new Set(made.values())], [1], 'each instance was moved once');

  const later = clientOf(await startApi('newer', { upgrade_levels: { engine: 'release-0.1' } }));
  await later.remove(sessionId);
  await ends(later, await later.create(aRequest(clock.now())));
  t.deepEqual(simulator.report().violations, []);
});

function aRequest(now: Date) {
  return {
    state: 'MAINTENANCE' as const,
    maintenance_at: plusSeconds(now, 60).toISOString().slice(0, 19).replace('T', ' '),
    metadata: {},
    actions: [{ plugin: 'noop', type: 'host' as const, metadata: { duration: 200 } }],
  };
}

async function anInstallation(t: ExecutionContext) {
  const topology = generateTopology({
    hosts: 6,
    instances: INSTANCES,
    projects: 2,
    seed: 1,
    controllers: 0,
    timings: { coldMigration: 40, liveMigration: 40 },
  });
  const up: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    for (const end of up.splice(0).reverse()) await end();
  });
  const servers = {
    database: String(process.env.FENIX_TEST_MYSQL_URL),
    broker: String(process.env.FENIX_TEST_AMQP_URL),
  };
  let connection = '';
  const upgrade = (release: Release): void => {
    const env = { ...process.env, ...asEnvironment({ database: { connection } }) };
    const program = join(RELEASES[release], 'manage.js');
    const { status, stderr } = spawnSync(process.execPath, [program, 'db', 'upgrade'], { env });
    t.is(status, 0, String(stderr));
  };
  const parts = await startSurroundings(servers, topology, SPEED, silentLogger, up, async (made) => {
    ({ connection } = made);
    upgrade('older');
  });
  const { simulator, options, database, clock } = parts;
  const admin = adminOf(simulator, silentLogger);
  const launch = async (kind: 'api' | 'engine', release: Release, more: Values): Promise<Launched> => {
    const service = new ServiceProcess(kind, { ...options, ...more }, undefined, RELEASES[release]);
    up.push(() => service.stop());
    const { url } = await service.says(kind === 'api' ? 'API listens' : 'engine started');
    return { service, url: url === undefined ? '' : `${new URL(url).origin}/v1` };
  };
  const startApi = (release: Release, more: Values = {}): Promise<Launched> => launch('api', release, more);
  const oldApi = await startApi('older');
  simulator.setMaintenanceUrl(oldApi.url);
  await simulator.addManagers();
  const startEngine = async (release: Release, host: string): Promise<Engine> => {
    const own = { DEFAULT: { ...options.DEFAULT, public_url: oldApi.url }, engine: { ...options.engine, host } };
    return { ...(await launch('engine', release, own)), host };
  };
  const sessions = new SessionRepository(database);
  const ownerOf = async (sessionId: string): Promise<string> => String((await sessions.get(sessionId))?.owner);
  const clientOf = ({ url }: Launched): FenixClient => new FenixClient({ url, token: () => admin.authToken() });
  return { simulator, clock, upgrade, oldApi, startApi, startEngine, clientOf, ownerOf };
}
