import test, { type ExecutionContext } from 'ava';
import type { Topology } from '../../src/simulator/index.js';
import { finishWithRestarts } from '../support/restarts.js';
import { Scenario } from '../support/scenario.js';

const SIZE = { vcpus: 8, memoryMb: 16_384, diskGb: 80 };
const STOP = { workflow: 'vnf', policy: { immovable: 'stop_while_out' } } as const;

/** Hosts a and b, and west-1, alone in its zone, with these instances of one group that bears one impact. */
function cloudOf(there: readonly { readonly name: string; readonly state?: 'SHUTOFF' | 'PAUSED' }[]): Topology {
  return {
    seed: 1,
    flavors: [{ name: 'm', vcpus: 2, memoryMb: 4096, diskGb: 20 }],
    hosts: [...['a', 'b'].map((name) => ({ name, ...SIZE })), { name: 'west-1', ...SIZE, zone: 'west' }],
    controllers: [],
    projects: [
      { name: 'p', instances: ['vm-1', 'vm-2'].map((name) => ({ name, host: 'a', flavor: 'm' })) },
      {
        name: 'q',
        groups: [{ name: 'pair', maxImpacted: 1, recoveryTime: 30 }],
        instances: there.map((one) => ({ flavor: 'm', host: 'west-1', group: 'pair', ...one })),
      },
    ],
  };
}

async function started(t: ExecutionContext, topology: Topology) {
  const options = { DEFAULT: { blocked_timeout: 120 } };
  const scenario = await Scenario.start(t, { topology, managers: { constraints: true, dialect: 'list' }, options });
  await scenario.system.startEngine();
  return { scenario, id: await scenario.create(STOP) };
}

const powerOf = ({ system }: Scenario) => system.simulator.log.of('power').map(({ on }) => (on ? 'start' : 'stop'));
const judged = ({ system }: Scenario, mayStop: string[]) =>
  system.simulator.report({ mayStop, mayStayStopped: [], mayStayDisabled: [] }).violations.map((one) => one.sentence);

test.serial('vnf: who cannot leave is stopped while its host is out, and who was off before stays so', async (t) => {
  const { scenario, id } = await started(t, cloudOf([{ name: 'fixed' }, { name: 'off', state: 'SHUTOFF' }]));
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.true(detail.hosts.every(({ state, disabled }) => state === 'done' && !disabled));
  t.deepEqual(powerOf(scenario), ['stop', 'start']);
  t.deepEqual(judged(scenario, ['fixed']), []);
});

test.serial('vnf: a host is left out on which one cannot be stopped, or more than their group bears', async (t) => {
  for (const there of [[{ name: 'paused', state: 'PAUSED' as const }], [{ name: 'one' }, { name: 'two' }]]) {
    const { scenario, id } = await started(t, cloudOf(there));
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(detail.hosts.find(({ hostname }) => hostname === 'west-1')?.state, 'skipped');
    t.deepEqual(powerOf(scenario), []);
    t.deepEqual(judged(scenario, []), []);
  }
});

test.serial('vnf: an engine that is stopped again and again stops and starts nothing twice', async (t) => {
  const { scenario, id } = await started(t, cloudOf([{ name: 'fixed' }]));
  await finishWithRestarts(scenario, id, { most: 400, seed: 1 });
  t.is((await scenario.system.client.show(id)).state, 'MAINTENANCE_DONE');
  t.deepEqual(powerOf(scenario), ['stop', 'start']);
  t.deepEqual(judged(scenario, ['fixed']), []);
});
