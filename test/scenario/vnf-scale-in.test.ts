import test from 'ava';
import { type Dialect, generateTopology, type Topology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

/** No host has room left, and none is empty. */
const FULL = generateTopology({
  hosts: 3,
  instances: 12,
  projects: 3,
  seed: 1,
  controllers: 0,
  emptyHosts: 0,
  fill: 'full',
});

async function started(t: Parameters<typeof Scenario.start>[0], dialect: Dialect) {
  const scenario = await Scenario.start(t, { topology: FULL, managers: { dialect } });
  await scenario.system.startEngine();
  return { scenario, id: await scenario.create({ workflow: 'vnf' }) };
}

test.serial(
  'vnf: SCALE_IN goes to those whom the plan chose, which see how much is asked and what is suggested',
  async (t) => {
    const { scenario, id } = await started(t, 'reference');
    const { client, simulator } = scenario.system;
    const posts = () => simulator.log.of('alarm-post').filter(({ state }) => state === 'SCALE_IN');
    await scenario.until(() => posts().length > 0);
    t.is((await client.show(id)).state, 'SCALE_IN');
    const [first] = posts();
    const project = String(first?.projectId);
    const response = await fetch(`${scenario.system.apiUrl}/maintenance/${id}/${project}`, {
      headers: { 'X-Auth-Token': await scenario.system.admin.authToken() },
    });
    const body = (await response.json()) as { instance_ids: string[]; scale_in: { instances: number; vcpus: number } };
    t.true(body.scale_in.instances >= 1);
    t.is(body.instance_ids.length, body.scale_in.instances);
    t.is(body.scale_in.vcpus, 2 * body.scale_in.instances);
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    const asked = detail.projects.filter(({ scaled_in }) => scaled_in);
    const gone = detail.instances.filter(({ state }) => state === 'GONE').length;
    t.log(`${asked.length} project(s) asked, ${gone} instance(s) gone`);
    t.true(gone <= 4, 'no more than one host holds');
    const { violations, problems } = simulator.report();
    t.deepEqual([violations, problems], [[], []]);
  },
);

test.serial('vnf: projects that agree to scale in and free nothing end the session after three rounds', async (t) => {
  const { scenario, id } = await started(t, 'greedy');
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.is(detail.reason?.code, 'no-room');
  const posts = scenario.system.simulator.log.of('alarm-post').filter(({ state }) => state === 'SCALE_IN');
  const perProject = new Map<string, number>();
  for (const { projectId } of posts) perProject.set(String(projectId), (perProject.get(String(projectId)) ?? 0) + 1);
  t.true(Math.max(...perProject.values()) <= 3);
  t.deepEqual(scenario.system.simulator.report().violations, []);
});

test.serial(
  'vnf: a zone in which nobody frees room ends no session before the hosts of the other one are through',
  async (t) => {
    const size = { vcpus: 4, memoryMb: 8192, diskGb: 40 };
    const at = (name: string, host: string) => ({ name, host, flavor: 'm1.small', group: 'app' });
    const group = { name: 'app', maxImpacted: 1, recoveryTime: 60 };
    const topology: Topology = {
      controllers: [],
      seed: 1,
      flavors: [{ name: 'm1.small', vcpus: 2, memoryMb: 4096, diskGb: 20 }],
      hosts: [
        ...['free-1', 'free-2', 'free-3'].map((name) => ({ name, zone: 'free', ...size })),
        ...['full-1', 'full-2'].map((name) => ({ name, zone: 'full', ...size })),
      ],
      projects: [
        {
          name: 'slow',
          groups: [group],
          instances: [at('s1', 'free-1'), at('s2', 'free-1'), at('s3', 'free-2'), at('s4', 'free-2')],
          manager: { dialect: 'reference', constraints: true },
        },
        {
          name: 'stays',
          groups: [group],
          instances: [at('f1', 'full-1'), at('f2', 'full-1'), at('f3', 'full-2'), at('f4', 'full-2')],
          manager: { dialect: 'greedy', constraints: true },
        },
      ],
    };
    const scenario = await Scenario.start(t, { topology });
    await scenario.system.startEngine();
    const detail = await scenario.finish(await scenario.create({ workflow: 'vnf' }));
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.is(detail.reason?.code, 'no-room');
    t.regex(detail.reason?.message ?? '', /rounds of SCALE_IN freed nothing\. Host full-[12]: .*zone full/);
    const done = detail.hosts.filter(({ state }) => state === 'done').map(({ hostname }) => hostname);
    t.deepEqual(done.sort(), ['free-1', 'free-2', 'free-3']);
    t.deepEqual(scenario.system.simulator.report().violations, []);
  },
);

test.serial('vnf: a manager that scales for three minutes is not asked again meanwhile', async (t) => {
  const { scenario, id } = await started(t, 'scaling');
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(scenario.system.simulator.report().violations, []);
});
