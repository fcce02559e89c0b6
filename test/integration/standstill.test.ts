import 'reflect-metadata';
import test from 'ava';
import { startDistributed } from '../../src/cmd/demo/distributed.js';
import { plusSeconds } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { SESSION_TABLES } from '../../src/db/purge.js';
import { generateTopology } from '../../src/simulator/index.js';
import { eventually } from '../support/eventually.js';
import { mysqlServer } from '../support/services/mysql.js';
import { rabbitUrl } from '../support/services/rabbitmq.js';

/** Real seconds that nothing here needs, however slow the machine. */
const LONG_S = 180;

if (mysqlServer === undefined || rabbitUrl === undefined) {
  test.skip('MariaDB and RabbitMQ: all of this file', (t) => t.fail());
} else {
  test.serial('an engine that stood still past its lease and goes on changes nothing', async (t) => {
    t.timeout(LONG_S * 1000);
    const timings = { coldMigration: 60, liveMigration: 60 };
    const topology = generateTopology({ hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0, timings });
    const options = { speed: 20, dialect: 'reference', engines: 2, apis: 1 } as const;
    const { system, engines, clock, stop } = await startDistributed(options, topology, silentLogger);
    t.teardown(stop);
    const { client, database, simulator } = system;
    const sessionId = await client.create({
      state: 'MAINTENANCE',
      maintenance_at: plusSeconds(clock.now(), 60).toISOString().slice(0, 19).replace('T', ' '),
      metadata: {},
      actions: [{ plugin: 'noop', type: 'host', metadata: { duration: 60 } }],
    });
    const row = async () => (await database.knex('sessions').where({ session_id: sessionId }))[0];
    const writes = () =>
      simulator.log.of('call').filter(({ method, path }) => method !== 'GET' && !path.includes('/auth/'));
    const rows = async () =>
      Promise.all(SESSION_TABLES.map((table) => database.knex(table).where({ session_id: sessionId })));

    const begun = () => database.knex('journal').where({ session_id: sessionId, kind: 'step', state: 'begun' });
    // Between two requests, so that nobody has to wait for the time-out of one that is in doubt.
    const isBetween = async () => simulator.log.of('move-begun').length > 0 && (await begun()).length === 0;
    await eventually(isBetween, 'the first move', LONG_S);
    const { owner } = await row();
    const still = engines[String(owner).startsWith('engine-1:') ? 0 : 1];
    still?.signal('SIGSTOP');
    await eventually(async () => (await row()).owner !== owner, 'another owner', LONG_S);
    await eventually(async () => Boolean((await row()).closed) && (await row()).owner === null, 'the end', LONG_S);

    const [written, stored] = [writes().length, await rows()];
    const awake = still?.says('engine goes on under a new lease');
    still?.signal('SIGCONT');
    await awake;
    await still?.stop();
    t.is(writes().length, written);
    t.deepEqual(await rows(), stored);
    const { violations, moves } = simulator.report();
    t.deepEqual(violations, []);
    t.true(
      [...moves.values()].every((times) => times === 1),
      'nothing was moved twice',
    );
  });
}
