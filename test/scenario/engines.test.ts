import test from 'ava';
import { type FaultSettings, isCast } from '../../src/messaging/faults.js';
import { finishWithRestarts } from '../support/restarts.js';
import { Scenario } from '../support/scenario.js';

const TWO_PARTS = [
  ['compute-1', 'compute-2', 'compute-3'],
  ['compute-4', 'compute-5', 'compute-6'],
];
const SIX_HOSTS = { hosts: 6, instances: 8, projects: 2, emptyHosts: 2 };

/** Every session is DONE, each instance was moved, and no application noticed. */
async function allWell(scenario: Scenario, sessions: readonly string[]): Promise<string[]> {
  const details = [];
  for (const id of sessions) details.push(await scenario.finish(id));
  const wrong = details.filter(({ state }) => state !== 'MAINTENANCE_DONE').map(({ reason }) => JSON.stringify(reason));
  const { violations, problems } = scenario.system.simulator.report();
  return [...wrong, ...violations.map(({ sentence }) => sentence), ...problems];
}

test.serial(
  'two sessions on hosts of their own share one engine, and one group moves one member at a time',
  async (t) => {
    const scenario = await Scenario.start(t, { cloud: SIX_HOSTS });
    await scenario.system.startEngine();
    const sessions = await Promise.all(TWO_PARTS.map((hosts) => scenario.create({ hosts })));
    await t.throwsAsync(scenario.create({ hosts: ['compute-4'] }), { message: /belongs to unfinished session/ });
    t.deepEqual(await allWell(scenario, sessions), []);
  },
);

test.serial('of two engines one is stopped, and the other one goes on with both sessions', async (t) => {
  const scenario = await Scenario.start(t, { cloud: SIX_HOSTS });
  const first = await scenario.system.startEngine();
  const early = await scenario.create({ hosts: TWO_PARTS[0] ?? [] });
  await scenario.until(async () => (await scenario.states(early)).length > 1);
  await scenario.system.startEngine();
  const late = await scenario.create({ hosts: TWO_PARTS[1] ?? [] });
  await scenario.until(() => scenario.system.simulator.log.of('move-begun').length >= 2);
  await scenario.system.stopEngine(first);
  t.deepEqual(await allWell(scenario, [early, late]), []);
});

for (const most of [150, 90, 60])
  test.serial(
    `an engine that is stopped after every 1 to ${most} queries, wherever it is, does nothing twice`,
    async (t) => {
      const scenario = await Scenario.start(t);
      const { system } = scenario;
      await system.startEngine();
      const id = await scenario.create();
      const restarts = await finishWithRestarts(scenario, id, { most, seed: 1 });
      t.log(`${restarts} restarts`);
      t.true(restarts > 5);
      t.deepEqual(await allWell(scenario, [id]), []);
      t.is(system.simulator.log.of('move-begun').length, 4);
      t.deepEqual(
        system.simulator.log.of('call').filter(({ status }) => status >= 400),
        [],
      );
    },
  );

const FAULTS: readonly (FaultSettings & { readonly name: string })[] = [
  { name: 'with all casts lost', seed: 1, loss: 1, appliesTo: isCast },
  {
    name: 'with every message doubled, late and overtaken',
    seed: 2,
    duplicates: 1,
    delay: { maxTurns: 9 },
    reorder: true,
  },
];
for (const { name, ...faults } of FAULTS)
  test.serial(`a session comes to its end ${name}`, async (t) => {
    const scenario = await Scenario.start(t, { faults, options: { engine: { sweep_interval: 2 } } });
    await scenario.system.startEngine();
    t.deepEqual(await allWell(scenario, [await scenario.create()]), []);
  });
