import { planFleet } from '../src/planner/plan-fleet.js';
import { FleetWorld } from '../test/support/fleet/world.js';
import { grouped } from './fleet/cases.js';
import { median } from './statistics.js';

/*
 * What planning costs: one step amid a session at 100, 1,000 and 5,000 hosts of 20 instances, with 100 groups, and a whole
 * session of 1,000 hosts and 20,000 instances, in processor time.
 */
const SIZES = [100, 1000, 5000] as const;
const WHOLE = 1000;
/** An engine takes a turn at most that often. */
const TURN_S = 1;
/** Steps that are measured, after as many that warm up. */
const STEPS = 200;
const WANTED_S = 5;
const WANTED_MB = 400;

const steps = SIZES.map((hosts) => ({ hosts, ms: stepMs(hosts) }));
for (const { hosts, ms } of steps) {
  const times = (ms / (steps[0]?.ms ?? ms)).toFixed(1);
  console.log(`${hosts} hosts, ${hosts * 20} instances: ${ms.toFixed(3)} ms per step, ${times} times the first.`);
}
const whole = session(WHOLE);
console.log(
  `${WHOLE} hosts to the end: ${whole.planningS.toFixed(1)} s of planning in ${whole.steps} steps (wanted below ${WANTED_S} s), ` +
    `${whole.rssMb.toFixed(0)} MB resident (wanted below ${WANTED_MB}).`,
);
console.log(JSON.stringify({ steps, whole, wantedS: WANTED_S, wantedMb: WANTED_MB }));

/** The median of steps that come after the session is well under way. */
function stepMs(hosts: number): number {
  const taken: number[] = [];
  const world = new FleetWorld(grouped(hosts, 1), 1, { turnS: TURN_S });
  let out = 0;
  const enough = new Error('enough');
  try {
    world.run((snapshot) => {
      const begun = processorMs();
      const plan = planFleet(snapshot);
      const ms = processorMs() - begun;
      out += snapshot.hosts.some(({ state }) => state === 'done') ? 1 : 0;
      if (out > STEPS) taken.push(ms);
      if (taken.length === STEPS) throw enough;
      return plan;
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return median(taken);
}

/** Processor time of this process: other work on the machine does not count. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function session(hosts: number) {
  let planningMs = 0;
  let rssMb = 0;
  let steps = 0;
  const run = new FleetWorld(grouped(hosts, 1), 1, { turnS: TURN_S }).run((snapshot) => {
    const begun = processorMs();
    const plan = planFleet(snapshot);
    planningMs += processorMs() - begun;
    steps += 1;
    if (steps % 1000 === 0) rssMb = Math.max(rssMb, process.memoryUsage.rss() / 2 ** 20);
    return plan;
  });
  return { planningS: planningMs / 1000, steps, rssMb, makespanS: run.makespanS, violations: run.violations.length };
}
