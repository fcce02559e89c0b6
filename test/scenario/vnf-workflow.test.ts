import test from 'ava';
import { FleetPlanRepository } from '../../src/db/fleet-plan-repository.js';
import { replayPlan, unpackPlan } from '../../src/planner/plan-record.js';
import { Scenario } from '../support/scenario.js';

// The scenarios watch the whole process for silence, so they run one after the other.
test.serial('vnf: hosts side by side, each instance told of and moved once, applications serving', async (t) => {
  const scenario = await Scenario.start(t, { cloud: { hosts: 5, instances: 8, projects: 3, emptyHosts: 2 } });
  await scenario.system.startEngine();
  const id = await scenario.create({ workflow: 'vnf' });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(await scenario.states(id), [
    'MAINTENANCE',
    'PLANNED_MAINTENANCE',
    'START_MAINTENANCE',
    'MAINTENANCE_COMPLETE',
    'MAINTENANCE_DONE',
  ]);
  t.true(detail.hosts.every((host) => host.maintained && host.state === 'done' && !host.disabled));
  const { violations, problems, moves } = scenario.system.simulator.report();
  t.deepEqual([violations, problems], [[], []]);
  t.deepEqual(
    [...moves.values()],
    Array.from({ length: 8 }, () => 1),
  );
  const kept = await new FleetPlanRepository(scenario.system.database).list(id);
  const plans = kept.map(({ packed }) => unpackPlan(packed));
  t.deepEqual(
    plans.flatMap(({ plan }) => plan.empty).sort(),
    detail.hosts
      .filter(({ type }) => type === 'compute')
      .map(({ hostname }) => hostname)
      .sort(),
    'what was done was decided by plans that are kept',
  );
  t.true(plans.every((recorded) => replayPlan(recorded).same));
});

test.serial(
  'vnf: a maintained host that Placement still takes for disabled is waited for: nobody moves twice for it',
  async (t) => {
    // Every host has room for one more than it has, so there is always another place than the right one.
    const cloud = { hosts: 4, instances: 6, projects: 2, emptyHosts: 1, timings: { disabledTraitLag: 30 } };
    const scenario = await Scenario.start(t, { cloud });
    await scenario.system.startEngine();
    const id = await scenario.create({ workflow: 'vnf' });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    const { violations, moves } = scenario.system.simulator.report();
    t.deepEqual(violations, []);
    t.deepEqual(
      [...moves.values()],
      Array.from({ length: 6 }, () => 1),
    );
    const refuted = (await scenario.history(id)).filter(({ what }) => what === 'target-refuted');
    t.true(refuted.length > 0, 'it was in the way');
  },
);
