import 'reflect-metadata';
import test, { type ExecutionContext } from 'ava';
import { startDistributed } from '../../src/cmd/demo/distributed.js';
import { plusSeconds } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import type { Database } from '../../src/db/database.js';
import { SessionRepository } from '../../src/db/session-repository.js';
import { generateTopology } from '../../src/simulator/index.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { mysqlServer } from '../support/services/mysql.js';
import { rabbitUrl } from '../support/services/rabbitmq.js';

/*
 * Engines and APIs as processes of their own, on MariaDB and RabbitMQ. A process can only be watched, so these poll.
 */
/** As fast as a busy machine of two cores keeps up with. */
const SPEED = 20;
/** Real seconds that no session here needs, however slow the machine. */
const LONG_S = 180;

if (mysqlServer === undefined || rabbitUrl === undefined) {
  test.skip('MariaDB and RabbitMQ: all of this file', (t) => t.fail());
} else {
  test.serial('a cloud is maintained by two engines behind two APIs, each a process', async (t) => {
    t.timeout(LONG_S * 1000);
    const args = [
      '--engines',
      '2',
      '--apis',
      '2',
      '--hosts',
      '3',
      '--instances',
      '4',
      '--speed',
      String(SPEED),
      '--json',
    ];
    const demo = new Program(t, 'demo', args);
    t.is(await demo.ended, 0, demo.stderr);
    const { state, moves, violations } = JSON.parse(demo.stdout.trimEnd().split('\n').at(-1) as string);
    t.deepEqual({ state, moves, violations }, { state: 'MAINTENANCE_DONE', moves: 4, violations: 0 });
  });

  for (const moment of ['replies', 'moves']) {
    test.serial(
      `the engine is killed while it waits for ${moment}: another one goes on, and moves nothing twice`,
      async (t) => {
        t.timeout(LONG_S * 1000);
        const { system, engines, clock } = await twoEngines(t);
        const sessionId = await system.client.create({
          state: 'MAINTENANCE',
          maintenance_at: plusSeconds(clock.now(), 60).toISOString().slice(0, 19).replace('T', ' '),
          metadata: {},
          actions: [{ plugin: 'noop', type: 'host', metadata: { duration: 60 } }],
        });
        const detail = () => system.client.detail(sessionId);
        await eventually(async () => (await detail()).waiting?.for === moment, `waiting for ${moment}`, LONG_S);
        const owner = await ownerOf(system.database, sessionId);
        await engines[owner.startsWith('engine-1:') ? 0 : 1]?.stop('SIGKILL');
        await eventually(async () => (await ownerOf(system.database, sessionId)) !== owner, 'another owner', LONG_S);
        const isOver = async () => ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'].includes((await detail()).state);
        await eventually(isOver, 'the end', LONG_S);
        const { state, reason } = await detail();
        t.deepEqual([state, reason], ['MAINTENANCE_DONE', null]);
        const { violations, moves } = system.simulator.report();
        t.deepEqual(violations, []);
        t.deepEqual([...moves.values()], [1, 1, 1, 1]);
      },
    );
  }
}

async function twoEngines(t: ExecutionContext) {
  const topology = generateTopology({
    hosts: 3,
    instances: 4,
    projects: 2,
    seed: 1,
    controllers: 0,
    timings: { coldMigration: 60, liveMigration: 60 },
  });
  const running = await startDistributed(
    { speed: SPEED, dialect: 'reference', engines: 2, apis: 1 },
    topology,
    silentLogger,
  );
  t.teardown(() => running.stop());
  return running;
}

async function ownerOf(database: Database, sessionId: string): Promise<string> {
  return String((await new SessionRepository(database).get(sessionId))?.owner);
}
