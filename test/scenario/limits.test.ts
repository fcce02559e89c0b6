import test from 'ava';
import type { SessionLimits } from '../../src/model/index.js';
import type { SimulatorLog } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

/** Six projects with one instance each on one host: without a limit they move together. */
const CLOUD = { hosts: 3, instances: 12, projects: 12 };

const LIMITS: readonly { readonly limits: SessionLimits; readonly most: number }[] = [
  { limits: {}, most: 6 },
  { limits: { migrations: 2 }, most: 2 },
  { limits: { migrations: '34%' }, most: 1 },
  { limits: { migrations_per_host: 3 }, most: 3 },
  { limits: { migrations_per_host: '50%' }, most: 3 },
];

for (const { limits, most } of LIMITS)
  test.serial(`with limits ${JSON.stringify(limits)} at most ${most} instances move at once`, async (t) => {
    const scenario = await Scenario.start(t, { cloud: CLOUD });
    await scenario.system.startEngine();
    const detail = await scenario.finish(await scenario.create({ limits }));
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(movedAtOnce(scenario.system.simulator.log), most);
    t.deepEqual(scenario.system.simulator.report().violations, []);
  });

/** The most moves that were under way at one time, by the simulator's log. */
function movedAtOnce(log: SimulatorLog): number {
  let underWay = 0;
  let most = 0;
  for (const { kind } of log.entries()) {
    if (kind === 'move-begun') underWay += 1;
    if (kind === 'move-ended') underWay -= 1;
    most = Math.max(most, underWay);
  }
  return most;
}
