import test from 'ava';
import { DIALECTS, type Dialect } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

/** Those with whom a maintenance of the default workflow comes to its end without anybody's further help. */
const AGREEABLE: readonly Dialect[] = [
  'url',
  'list',
  'wary',
  'deferring',
  'retiring',
  'reinstantiating',
  'scaling',
  'greedy',
];

// The scenarios watch the whole process for silence, so they run one after the other.
for (const dialect of DIALECTS.filter((name) => AGREEABLE.includes(name)))
  test.serial(`projects whose managers are ${dialect} ones are maintained without harm`, async (t) => {
    const scenario = await Scenario.start(t, { cloud: { instances: 8 }, managers: { dialect } });
    await scenario.system.startEngine();
    const detail = await scenario.finish(await scenario.create());
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    const { violations, problems, moves } = scenario.system.simulator.report();
    t.deepEqual([violations, problems], [[], []]);
    t.true([...moves.values()].every((count) => count === 1));
  });
