import test from 'ava';
import type { Database } from '../../src/db/database.js';
import { Repositories } from '../../src/db/repositories.js';
import { thawAll } from '../../src/engine/freeze.js';
import type { Difference } from '../../src/engine/reconcile.js';
import type { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { withManage } from '../support/manage.js';

/* A database that is restored from a backup, while the cloud went on. */

type Backup = ReadonlyMap<string, readonly object[]>;

async function backUp({ knex }: Database): Promise<Backup> {
  const tables = await knex('sqlite_master').where({ type: 'table' }).whereNot('name', 'like', 'sqlite%');
  const all = new Map<string, readonly object[]>();
  for (const { name } of tables) all.set(name, await knex(name).select());
  return all;
}

async function restore(database: Database, backup: Backup): Promise<void> {
  await database.transaction(async (tx) => {
    for (const [table, rows] of backup) {
      await tx(table).delete();
      for (const row of rows) await tx(table).insert(row);
    }
  });
}

function confirm(admin: KeystoneSession, instanceId: string): Promise<unknown> {
  const path = `/servers/${instanceId}/action`;
  return admin.request({ serviceType: 'compute', method: 'POST', path, body: { confirmResize: null } });
}

test.serial('restored from a backup it starts frozen, tells what it missed, and moves nothing twice', async (t) => {
  const { scenario, manage } = await withManage(t, { cloud: { hosts: 4, instances: 6, emptyHosts: 1 } });
  const { system } = scenario;
  const { log } = system.simulator;
  const repositories = new Repositories(system.database);
  const id = await scenario.create({ policy: { silence: 'fail' } });
  const moves = () => log.of('move-begun').length;
  await scenario.until(() => moves() >= 1);
  const backup = await backUp(system.database);
  await scenario.until(() => moves() >= 4);
  await system.stopEngine();
  await restore(system.database, backup);
  await scenario.advance(7200);

  t.regex(
    (await manage('freeze', '--restored')).stdout,
    /^Frozen since .*: the database was restored from a backup\.\n$/,
  );
  const told = await manage('reconcile');
  t.is(told.code, 0, told.stderr);
  t.regex(told.stdout, new RegExp(`^Session ${id}:\n`));
  const found: Difference[] = JSON.parse((await manage('reconcile', '--json')).stdout);
  const what = (word: Difference['what']) => found.filter((one) => one.what === word).map(({ subject }) => subject);
  t.true(what('instance-elsewhere').length > 0);
  // What was begun after the backup nobody but the operator can tell from an owner's resize.
  const unconfirmed = what('instance-unconfirmed');
  t.true(unconfirmed.length > 0);
  for (const instanceId of unconfirmed) await confirm(system.admin, instanceId);
  t.true(found.every(({ sessionId }) => sessionId === id));

  const before = [moves(), log.of('service').length];
  await system.startEngine();
  await scenario.advance(3600);
  t.deepEqual([moves(), log.of('service').length], before, 'frozen');

  await thawAll(repositories, 'operator', scenario.clock.now());
  const { state, reason } = await scenario.finish(id);
  t.deepEqual([state, reason], ['MAINTENANCE_DONE', null], 'no window ended while the backup was old');
  const { violations, problems, moves: moved } = system.simulator.report();
  t.deepEqual([...new Set(moved.values())], [1]);
  t.deepEqual([violations, problems], [[], []]);
  t.deepEqual(
    [...system.simulator.cloud.hosts.values()].filter(({ enabled }) => !enabled).map(({ name }) => name),
    [],
  );
  t.deepEqual(JSON.parse((await manage('reconcile', '--json')).stdout), []);
});

test.serial('a session that began after the backup is unknown: what it disabled is told and given back', async (t) => {
  const { scenario, manage } = await withManage(t);
  const { system } = scenario;
  const backup = await backUp(system.database);
  const id = await scenario.create();
  const disabled = () => [...system.simulator.cloud.hosts.values()].filter(({ enabled }) => !enabled);
  await scenario.until(() => disabled().length > 0);
  const [host] = disabled().map(({ name }) => name);
  await system.stopEngine();
  await restore(system.database, backup);
  const [difference, ...more] = JSON.parse((await manage('reconcile', '--json')).stdout) as Difference[];
  t.like(difference, { what: 'service-of-unknown-session', subject: host, sessionId: null });
  t.true(difference?.message.includes(id));
  t.deepEqual(more, []);
  const told = (await manage('reconcile')).stdout.split('\n');
  t.is(told[0], 'Of no session that is known here:');
  t.is(told.at(-2), 'Nothing is frozen: engines go on from here. "fenix-manage freeze --restored" holds them up.');
  t.is((await manage('leftovers', 'release', String(host))).code, 0);
  t.is((await manage('reconcile')).stdout.split('\n')[0], 'The cloud is as the database has it.');
});
