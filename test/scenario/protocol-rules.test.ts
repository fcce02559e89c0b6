import test from 'ava';
import { generateTopology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';
import { inTwoParts } from '../support/two-parts.js';

test.serial(
  'a pair that must be apart is never together while its hosts are maintained, in transit either',
  async (t) => {
    const topology = generateTopology({
      hosts: 3,
      instances: 2,
      projects: 1,
      seed: 1,
      controllers: 0,
      antiAffinity: true,
      constraints: { maxImpacted: 1, recoveryTime: 0 },
    });
    const scenario = await Scenario.start(t, { topology, managers: { constraints: true } });
    await scenario.system.startEngine();
    const detail = await scenario.finish(await scenario.create());
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.deepEqual(scenario.system.simulator.report().violations, []);
  },
);

test.serial('of a group of seven two at most are impacted, over two sessions at once and a new engine', async (t) => {
  const topology = generateTopology({
    hosts: 6,
    instances: 7,
    projects: 1,
    seed: 1,
    controllers: 0,
    emptyHosts: 2,
    constraints: { maxImpacted: 2, recoveryTime: 60 },
  });
  const scenario = await Scenario.start(t, { topology, managers: { constraints: true } });
  await scenario.system.startEngine();
  const [first, second] = inTwoParts(topology);
  const sessions = [await scenario.create({ hosts: first }), await scenario.create({ hosts: second })];
  await scenario.until(() => scenario.system.simulator.log.of('move-begun').length >= 3);
  await scenario.system.stopEngine();
  await scenario.system.startEngine();
  for (const id of sessions) {
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.true(detail.impacts.every(({ ended_at, recovered_at }) => ended_at !== null && recovered_at !== null));
  }
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial(
  'limits that change in the midst of a session hold for its next move, and outlive the session',
  async (t) => {
    const topology = generateTopology({ hosts: 3, instances: 4, projects: 1, seed: 1, controllers: 0 });
    const scenario = await Scenario.start(t, { topology });
    await scenario.system.startEngine();
    const { client, simulator } = scenario.system;
    const groupId = String(topology.projects[0]?.groups?.[0]?.id);
    for (const instance of topology.projects[0]?.instances ?? [])
      await client.setInstanceConstraints(String(instance.id), { group_id: groupId });
    await client.setGroupConstraints(groupId, { max_impacted_members: 1 });
    const id = await scenario.create();
    const begun = () => simulator.log.of('move-begun').length;
    await scenario.until(() => begun() > 0);

    await client.setGroupConstraints(groupId, { max_impacted_members: 0 });
    await scenario.advance(60);
    const before = begun();
    t.true(before < 4);
    await scenario.advance(600);
    t.is(begun(), before, 'nobody of the group may be impacted');
    await client.setGroupConstraints(groupId, { max_impacted_members: 1, recovery_time: 5 });
    t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
    await client.remove(id);
    t.is((await client.groupConstraints(groupId)).recovery_time, 5);
  },
);
