import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import { generateTopology, type Topology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const WORKFLOWS = ['default', 'vnf'] as const;
const ACTIONS: NonNullable<NewSession['actions']> = [
  { plugin: 'noop', type: 'controller', metadata: { duration: 60 } },
];

function withControllers(count: number): Topology {
  return generateTopology({ hosts: 3, instances: 4, projects: 2, seed: 1, controllers: count });
}

async function begun(t: ExecutionContext, session: Partial<NewSession>, topology: Topology) {
  const options = { DEFAULT: { blocked_timeout: 300 } };
  const scenario = await Scenario.start(t, { topology, options });
  await scenario.system.startEngine();
  return { scenario, id: await scenario.create({ actions: ACTIONS, ...session }) };
}

/** Runs to the end. @returns how many controllers were out at a time at most, and the order in which hosts were */
async function watched({ scenario, id }: { scenario: Scenario; id: string }) {
  let most = 0;
  const { client } = scenario.system;
  await scenario.until(async () => {
    const { state, hosts } = await client.detail(id);
    const out = hosts.filter((host) => host.type === 'controller' && host.state === 'in_maintenance');
    most = Math.max(most, out.length);
    return state === 'MAINTENANCE_DONE' || state === 'MAINTENANCE_FAILED';
  });
  const detail = await scenario.finish(id);
  const begunAt = (await scenario.history(id)).filter(
    ({ what, details }) => what === 'host' && details.to === 'in_maintenance',
  );
  return { detail, most, order: begunAt.map(({ details }) => String(details.host)) };
}

for (const workflow of WORKFLOWS) {
  test.serial(`${workflow}: controllers are maintained one at a time, before any compute`, async (t) => {
    const { detail, most, order } = await watched(await begun(t, { workflow }, withControllers(5)));
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(most, 1);
    t.true(order.slice(0, 5).every((host) => host.startsWith('controller')));
  });

  test.serial(`${workflow}: with one of three controllers down no other goes out until it is back`, async (t) => {
    const run = await begun(t, { workflow }, withControllers(3));
    const { client, simulator } = run.scenario.system;
    simulator.setHostUp('controller-3', false);
    // The one that is down already may be maintained: nothing more is lost by it.
    await run.scenario.until(async () => (await client.detail(run.id)).waiting?.for === 'quorum');
    const { hosts, waiting } = await client.detail(run.id);
    t.regex(waiting?.message ?? '', /controller-3 .*of 3 at most 1 may be/);
    t.deepEqual(
      hosts.filter(({ state }) => state === 'done').map(({ hostname }) => hostname),
      ['controller-3'],
    );
    await run.scenario.advance(60);
    simulator.setHostUp('controller-3', true);
    const { detail, most } = await watched(run);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(most, 1);
  });

  test.serial(`${workflow}: a quorum that does not come back fails the session with its sentence`, async (t) => {
    const run = await begun(t, { workflow, hosts: ['controller-1'] }, withControllers(3));
    run.scenario.system.simulator.setHostUp('controller-3', false);
    const { detail } = await watched(run);
    t.like(detail.reason, { code: 'blocked' });
    t.regex(detail.reason?.message ?? '', /controller-3/);
    t.is(detail.hosts[0]?.state, 'waiting');
  });
}

test.serial('vnf: a session may have more controllers out, up to a minority of all', async (t) => {
  const limits = (controllers: number | string) => ({ workflow: 'vnf', limits: { controllers } });
  for (const [wanted, count, most] of [
    [2, 5, 2],
    [4, 5, 2],
    ['40%', 5, 2],
    [3, 3, 1],
    [2, 1, 1],
  ] as const) {
    const run = await begun(t, limits(wanted), withControllers(count));
    const told = await watched(run);
    t.is(told.detail.state, 'MAINTENANCE_DONE', JSON.stringify(told.detail.reason));
    t.is(told.most, most, `${wanted} of ${count}`);
    await run.scenario.stop();
  }
});

test.serial('controllers that are computes as well are emptied and keep the quorum, too', async (t) => {
  for (const workflow of WORKFLOWS) {
    const generated = generateTopology({ hosts: 4, instances: 4, projects: 2, seed: 1, controllers: 0 });
    const topology = {
      ...generated,
      controllers: [],
      hosts: generated.hosts.map((host) => ({ ...host, controller: true })),
    };
    const { detail, most } = await watched(await begun(t, { workflow, limits: { controllers: 4 } }, topology));
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(most, 1);
  }
});
