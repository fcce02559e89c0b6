import test, { type ExecutionContext } from 'ava';
import { generateTopology, type ManagerOptions } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const CLOUD = { hosts: 4, instances: 8, projects: 2, seed: 1, controllers: 0, emptyHosts: 1 };
/** Moves that take long enough to be aborted in their midst. */
const TIMINGS = { coldMigration: 60, liveMigration: 60, confirmResize: 5, revertResize: 5 };
const MOVE_ENDS = new Set(['reverted', 'cancelled', 'confirmed', 'completed']);

async function midst(t: ExecutionContext, manager: ManagerOptions = {}, timings = TIMINGS, options = {}) {
  const topology = { ...generateTopology(CLOUD), timings };
  const managers = manager;
  const scenario = await Scenario.start(t, { topology, managers, options });
  await scenario.system.startEngine();
  const id = await scenario.create();
  await scenario.until(() => scenario.system.simulator.log.of('move-begun').length > 0);
  return { scenario, id, log: scenario.system.simulator.log, client: scenario.system.client };
}

const placesOf = ({ system }: Scenario) =>
  Object.fromEntries(system.simulator.cloud.instances().map(({ id, host }) => [id, host]));
const disabled = ({ system }: Scenario) => [...system.simulator.cloud.hosts.values()].filter(({ enabled }) => !enabled);
const toldDone = ({ system }: Scenario) =>
  system.simulator.log.of('alarm-post').filter((post) => post.state === 'INSTANCE_ACTION_DONE');

/** Everything as it was before the first move, and nobody was told that anything was moved. */
async function allBack(t: ExecutionContext, scenario: Scenario, id: string, before: object): Promise<void> {
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.is(detail.reason?.code, 'aborted');
  t.deepEqual(placesOf(scenario), before);
  t.deepEqual(disabled(scenario), []);
  t.deepEqual(toldDone(scenario), []);
  t.true(detail.impacts.every(({ ended_at, recovered_at }) => ended_at !== null && recovered_at !== null));
  t.deepEqual(scenario.system.simulator.report().violations, []);
}

for (const action of ['MIGRATE', 'LIVE_MIGRATE'] as const)
  test.serial(
    `abort with revert: what is on its way by ${action} comes back, and nobody is told of a move`,
    async (t) => {
      const { scenario, id, client, log } = await midst(t, { action });
      const before = Object.fromEntries(
        (await client.detail(id)).instances.map(({ instance_id, host }) => [instance_id, host]),
      );
      await scenario.advance(20);
      await client.control(id, { abort: { moves: 'revert' } });
      await allBack(t, scenario, id, before);
      const ends = log.of('move-ended').map(({ outcome }) => outcome);
      t.deepEqual(new Set(ends), new Set([action === 'MIGRATE' ? 'reverted' : 'cancelled']));
      await t.throwsAsync(client.resumeFailed(id), { code: 'not-resumable' });
    },
  );

test.serial('abort with revert: an engine that takes over in the midst of it takes back what is left', async (t) => {
  for (const pause of [1, 20, 62]) {
    const { scenario, id, client } = await midst(t);
    const before = placesOf(scenario);
    await client.control(id, { abort: { moves: 'revert' } });
    await scenario.advance(pause);
    await scenario.system.stopEngine();
    await scenario.system.startEngine();
    await allBack(t, scenario, id, before);
    await scenario.stop();
  }
});

test.serial(
  'abort with revert: asked for while no engine runs, it is heard before what has arrived is confirmed',
  async (t) => {
    const { scenario, id, client } = await midst(t);
    const before = placesOf(scenario);
    await scenario.system.stopEngine();
    await client.control(id, { abort: { moves: 'revert' } });
    await scenario.advance(TIMINGS.coldMigration + 10);
    await scenario.system.startEngine();
    await allBack(t, scenario, id, before);
  },
);

test.serial('abort with revert: what was confirmed already stays, and only of that a project is told', async (t) => {
  const { scenario, id, client, log } = await midst(t);
  await scenario.until(() => log.of('move-ended').length > 0);
  await client.control(id, { abort: { moves: 'revert' } });
  const detail = await scenario.finish(id);
  t.is(detail.reason?.code, 'aborted');
  const ended = log.of('move-ended');
  t.true(ended.every(({ outcome }) => MOVE_ENDS.has(outcome)));
  t.is(toldDone(scenario).length, ended.filter(({ outcome }) => outcome === 'confirmed').length);
  t.deepEqual(disabled(scenario), []);
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial('that moves are taken back may be asked for after a plain abort', async (t) => {
  const { scenario, id, client } = await midst(t);
  const before = placesOf(scenario);
  await client.control(id, { abort: {} });
  await scenario.advance(10);
  await client.control(id, { abort: { moves: 'revert' } });
  await allBack(t, scenario, id, before);
});

const SLOW = { ...TIMINGS, coldMigration: 300 };
const IMPATIENT = { DEFAULT: { cold_migration_timeout: 60 } };

test.serial('a migration that outlasts its time fails the session, and is confirmed when it arrives', async (t) => {
  const { scenario, id, log } = await midst(t, {}, SLOW, IMPATIENT);
  await scenario.until(async () => (await scenario.states(id)).at(-1) === 'MAINTENANCE_FAILED');
  t.deepEqual(log.of('move-ended'), [], 'the session says so at once');
  await scenario.system.stopEngine();
  await scenario.system.startEngine();
  const detail = await scenario.finish(id);
  t.is(detail.reason?.code, 'instance-failed');
  t.true(log.of('move-ended').every(({ outcome }) => outcome === 'confirmed'));
  t.is(toldDone(scenario).length, log.of('move-ended').length);
  t.true(detail.impacts.every(({ ended_at }) => ended_at !== null));
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial('a failed session that is aborted with revert takes back what arrives late', async (t) => {
  const { scenario, id, client } = await midst(t, {}, SLOW, IMPATIENT);
  const before = placesOf(scenario);
  await scenario.until(async () => (await scenario.states(id)).at(-1) === 'MAINTENANCE_FAILED');
  await client.control(id, { abort: { moves: 'revert' } });
  await allBack(t, scenario, id, before);
});
