import test from 'ava';
import type { ManagerOptions, Topology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

/*
 * Every way of an instance off its host, in one session of each workflow: moved cold and live, moved by its own project
 * (which starts a replacement first), evacuated off a dead host, and stopped where nothing else is left.
 */
const SIZE = { vcpus: 8, memoryMb: 16_384, diskGb: 80 };
const LARGE = { vcpus: 32, memoryMb: 65_536, diskGb: 320 };
const ONE = { vcpus: 2, memoryMb: 4096, diskGb: 20 };
const POLICY = { immovable: 'stop_while_out', down_hosts: 'evacuate' } as const;

/** b is dead, west-1 alone in its zone, c has room. `cold` is off, or its manager would want it to move live. */
function cloudOf(dialect: 'reference' | 'list', roomOnC = LARGE): Topology {
  const project = (name: string, host: string, manager: ManagerOptions, more: object = {}) => ({
    name,
    groups: [{ name: `${name}-app`, maxImpacted: 1 }],
    instances: [{ name, flavor: 'm', host, group: `${name}-app`, ...more }],
    manager: { dialect, constraints: true, mitigation: true, ...manager },
  });
  return {
    seed: 1,
    flavors: [{ name: 'm', ...ONE }],
    hosts: [
      { name: 'a', ...LARGE },
      { name: 'b', ...LARGE, up: false },
      { name: 'c', ...roomOnC },
      { name: 'west-1', ...SIZE, zone: 'west' },
    ],
    controllers: [],
    projects: [
      project('cold', 'a', {}, { state: 'SHUTOFF' }),
      project('live', 'a', { action: 'LIVE_MIGRATE' }),
      project('own', 'a', { dialect: 'reinstantiating', action: 'OWN_ACTION' }),
      project('dead', 'b', {}),
      project('fixed', 'west-1', {}),
    ],
  };
}

const WORKFLOWS = [
  ['default', 'reference'],
  ['vnf', 'list'],
] as const;

for (const [workflow, dialect] of WORKFLOWS) {
  test.serial(`${workflow}: each way of an instance off its host, with room for its replacement kept`, async (t) => {
    const scenario = await Scenario.start(t, { topology: cloudOf(dialect) });
    const { system } = scenario;
    await system.startEngine();
    const id = await scenario.create({ workflow, policy: POLICY });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.deepEqual(
      detail.hosts.map(({ hostname, state, disabled }) => `${hostname} ${state} ${disabled}`),
      ['a', 'b', 'c', 'west-1'].map((host) => `${host} done false`),
    );
    const nameOf = new Map(detail.instances.map(({ instance_id, instance_name }) => [instance_id, instance_name]));
    const first = new Map<string | undefined, string>();
    for (const { instance_id, action } of detail.impacts) {
      const name = nameOf.get(instance_id);
      if (!first.has(name)) first.set(name, action);
    }
    t.deepEqual(Object.fromEntries([...first].sort()), {
      cold: 'MIGRATE',
      dead: 'EVACUATE',
      fixed: 'STOP_START',
      live: 'LIVE_MIGRATE',
      own: 'OWN_ACTION',
    });
    // Of those who were told: a replacement that came onto a maintained host was not.
    const kept = new Map(
      detail.instances.flatMap((one) => (one.room_kept === undefined ? [] : [[one.instance_name, one.room_kept]])),
    );
    t.deepEqual(Object.fromEntries([...kept].sort()), {
      cold: true,
      dead: true,
      // There is no other host in its zone.
      fixed: false,
      live: true,
      own: true,
    });
    const judged = system.simulator.report({ mayStop: ['fixed'], mayStayStopped: [], mayStayDisabled: [] });
    t.deepEqual([judged.violations, judged.problems], [[], []]);
  });

  test.serial(
    `${workflow}: where there is no room for a replacement the instance moves all the same, and it is said`,
    async (t) => {
      const all = cloudOf(dialect, ONE);
      const topology = {
        ...all,
        hosts: all.hosts.filter(({ name }) => name === 'a' || name === 'c'),
        projects: all.projects.filter(({ name }) => name === 'live'),
      };
      const scenario = await Scenario.start(t, { topology });
      await scenario.system.startEngine();
      const detail = await scenario.finish(await scenario.create({ workflow, hosts: ['a'] }));
      t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
      t.deepEqual(
        detail.instances.map(({ host, room_kept }) => [host, room_kept]),
        [['c', false]],
      );
    },
  );
}
