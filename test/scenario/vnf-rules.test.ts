import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import { type GeneratorOptions, generateTopology, type ManagerOptions } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';
import { inTwoParts } from '../support/two-parts.js';

const CLOUD: GeneratorOptions = { hosts: 4, instances: 6, projects: 1, seed: 1, controllers: 0 };

async function maintained(
  t: ExecutionContext,
  cloud: Partial<GeneratorOptions>,
  managers: ManagerOptions = { constraints: true },
  session: Partial<NewSession> = {},
) {
  const topology = generateTopology({ ...CLOUD, ...cloud });
  const scenario = await Scenario.start(t, { topology, managers });
  await scenario.system.startEngine();
  const id = await scenario.create({ workflow: 'vnf', ...session });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const { simulator } = scenario.system;
  t.deepEqual(simulator.report().violations, []);
  return { scenario, id, detail, simulator, topology };
}

const seconds = (from: string | null, to: string | null) => (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 1000;

test.serial(
  'vnf: V1, V2: of a group of seven two at most are impacted, over two sessions and new engines',
  async (t) => {
    const topology = generateTopology({
      ...CLOUD,
      hosts: 6,
      instances: 7,
      emptyHosts: 2,
      constraints: { maxImpacted: 2, recoveryTime: 60 },
    });
    const scenario = await Scenario.start(t, { topology, managers: { constraints: true } });
    await scenario.system.startEngine();
    const [first, second] = inTwoParts(topology);
    const sessions = [
      await scenario.create({ workflow: 'vnf', hosts: first }),
      await scenario.create({ workflow: 'vnf', hosts: second }),
    ];
    for (const moves of [1, 3, 5]) {
      await scenario.until(() => scenario.system.simulator.log.of('move-begun').length >= moves);
      await scenario.system.stopEngine();
      await scenario.system.startEngine();
    }
    for (const id of sessions) {
      const detail = await scenario.finish(id);
      t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
      t.true(detail.impacts.every(({ ended_at, recovered_at }) => seconds(ended_at, recovered_at) === 60));
    }
    const { violations, moves } = scenario.system.simulator.report();
    t.deepEqual(violations, []);
    t.true([...moves.values()].every((count) => count === 1));
  },
);

test.serial(
  'vnf: V3: who does not answer is not moved before the time that was told, and only where policy says so',
  async (t) => {
    const policy = { silence: 'force' } as const;
    const options = { options: { DEFAULT: { notify_retries: 0 } } };
    const topology = generateTopology(CLOUD);
    const managers = { dialect: 'silent', constraints: true } as const;
    const scenario = await Scenario.start(t, { topology, managers, ...options });
    await scenario.system.startEngine();
    const id = await scenario.create({ workflow: 'vnf', policy });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    const told = (await scenario.history(id)).filter(({ what, details }) => what === 'notice' && details.host !== null);
    for (const { instance_id, started_at } of detail.impacts) {
      const notice = told.find(({ details }) => (details.instances as string[]).includes(instance_id));
      t.true(Date.parse(`${started_at}Z`) >= Date.parse(String(notice?.details.replyAt)), 'not before actions_at');
      t.is(seconds(notice?.at.toISOString().slice(0, -1) ?? '', String(notice?.details.replyAt).slice(0, -1)), 40);
    }
    t.is(detail.impacts.length, CLOUD.instances);
  },
);

test.serial('vnf: V4: members that must be apart are never together, in transit either', async (t) => {
  const { simulator } = await maintained(t, {
    instances: 4,
    hosts: 6,
    emptyHosts: 2,
    antiAffinity: true,
    constraints: { maxImpacted: 2, recoveryTime: 0 },
  });
  t.true([...simulator.report().moves.values()].every((count) => count === 1));
});

test.serial(
  'vnf: V5: instances go to maintained hosts, are told so, move once, and nobody is asked for room',
  async (t) => {
    const { simulator, scenario, id } = await maintained(t, { projects: 3 });
    t.true([...simulator.report().moves.values()].every((count) => count === 1));
    const told = (await scenario.history(id))
      .filter(({ what }) => what === 'notice')
      .map(({ details }) => details.state);
    t.deepEqual([...new Set(told)].sort(), [
      'INSTANCE_ACTION_DONE',
      'MAINTENANCE',
      'MAINTENANCE_COMPLETE',
      'PLANNED_MAINTENANCE',
    ]);
    const posts = simulator.log.of('alarm-post').filter(({ state }) => state === 'PLANNED_MAINTENANCE');
    t.is(posts.length, CLOUD.instances, 'one notice for each instance');
  },
);

test.serial(
  'vnf: V8: a live migration that outlasts the interruption time of its instance is aborted and tried again',
  async (t) => {
    const topology = { ...generateTopology(CLOUD), timings: { liveMigration: 500 } };
    const managers = { constraints: true, action: 'LIVE_MIGRATE' } as const;
    const scenario = await Scenario.start(t, {
      topology,
      managers,
      options: { DEFAULT: { live_migration_retries: 1 } },
    });
    await scenario.system.startEngine();
    const detail = await scenario.finish(await scenario.create({ workflow: 'vnf' }));
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.is(detail.reason?.code, 'instance-failed');
    t.regex(detail.reason?.message ?? '', /did not end within 120 s/);
    t.true(detail.hosts.every(({ disabled }) => !disabled));
    t.deepEqual(scenario.system.simulator.report().violations, []);
  },
);

test.serial(
  'vnf: V9: managers that act first and answer afterwards: one impact each, and nothing is moved by us',
  async (t) => {
    const { detail, simulator } = await maintained(
      t,
      { constraints: { maxImpacted: 1, recoveryTime: 20 } },
      { dialect: 'reinstantiating', constraints: true },
      { policy: { steer_new: 'disable_waiting' } },
    );
    t.deepEqual(simulator.log.of('move-begun'), []);
    t.true(detail.impacts.every(({ action }) => action === 'OWN_ACTION'));
    const ids = detail.impacts.map(({ instance_id }) => instance_id);
    t.is(new Set(ids).size, ids.length);
  },
);

test.serial('vnf: limits hold over all hosts: hosts, moves in all and from and to each', async (t) => {
  const limits = { hosts: 2, migrations: 2, migrations_per_host: 1 };
  const { simulator, scenario, id } = await maintained(t, { hosts: 5, instances: 9, projects: 9 }, {}, { limits });
  let underWay = 0;
  let most = 0;
  for (const { kind } of simulator.log.entries()) {
    if (kind === 'move-begun') underWay += 1;
    if (kind === 'move-ended') underWay -= 1;
    most = Math.max(most, underWay);
  }
  t.true(most <= 2);
  let out = 0;
  for (const { what, details } of await scenario.history(id)) {
    if (what !== 'host') continue;
    if (details.to === 'emptying') out += 1;
    if (details.to === 'done') out -= 1;
    t.true(out <= 2);
  }
});

test.serial('vnf: what holds everything is named, and not who waits for whom because of it', async (t) => {
  const topology = generateTopology({ ...CLOUD, instances: 11, constraints: { maxImpacted: 1, recoveryTime: 0 } });
  const projects = topology.projects.map((project) => ({
    ...project,
    // The only one that may be impacted is, for as long as nobody mends it.
    instances: (project.instances ?? []).map((one, i) => (i === 0 ? { ...one, state: 'ERROR' as const } : one)),
  }));
  const options = { DEFAULT: { blocked_timeout: 60 } };
  const managers = { constraints: true };
  const scenario = await Scenario.start(t, { topology: { ...topology, projects }, managers, options });
  await scenario.system.startEngine();
  const id = await scenario.create({ workflow: 'vnf', policy: { immovable: 'stop_while_out' } });
  const { state, reason } = await scenario.finish(id);
  t.is(state, 'MAINTENANCE_FAILED');
  t.is(reason?.code, 'blocked');
  t.regex(reason?.message ?? '', /^At most 1 member\(s\) of group .* may be impacted at a time, and so many are\./);
});
