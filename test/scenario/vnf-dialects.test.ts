import test from 'ava';
import { DIALECTS, type Dialect } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

/** `url` ones know the other style only; the others end a session, or take no part in it. */
const OTHERS: readonly Dialect[] = ['url', 'silent', 'refusing', 'none'];

// The scenarios watch the whole process for silence, so they run one after the other.
for (const dialect of DIALECTS.filter((name) => !OTHERS.includes(name)))
  test.serial(`vnf: projects whose managers are ${dialect} ones are maintained without harm`, async (t) => {
    const cloud = { hosts: 4, instances: 8, projects: 2 };
    const scenario = await Scenario.start(t, { cloud, managers: { dialect, constraints: true } });
    await scenario.system.startEngine();
    const detail = await scenario.finish(await scenario.create({ workflow: 'vnf' }));
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.true(detail.projects.every(({ scaled_in }) => !scaled_in));
    t.true(detail.hosts.every(({ maintained, disabled }) => maintained && !disabled));
    const { violations, problems, moves } = scenario.system.simulator.report();
    t.deepEqual([violations, problems], [[], []]);
    t.true([...moves.values()].every((count) => count === 1));
  });
