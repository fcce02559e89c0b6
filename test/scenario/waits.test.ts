import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import { Repositories } from '../../src/db/repositories.js';
import { generateTopology } from '../../src/simulator/index.js';
import { aSession } from '../support/api-records.js';
import { Scenario } from '../support/scenario.js';

/** A place of the search path with one workflow, whose first state answers like that. */
function pluginsWith(t: ExecutionContext, name: string, answer: string): string {
  const place = mkdtempSync(join(tmpdir(), 'fenix-plugins-'));
  t.teardown(() => rmSync(place, { recursive: true }));
  mkdirSync(join(place, 'workflows'));
  const others = [
    'SCALE_IN',
    'PREPARE_MAINTENANCE',
    'START_MAINTENANCE',
    'PLANNED_MAINTENANCE',
    'MAINTENANCE_COMPLETE',
  ];
  const states = [`MAINTENANCE: (view) => ${answer}`, ...others.map((state) => `${state}: () => ({ do: [] })`)];
  const code = `export default { name: '${name}', version: '1', style: 'default', states: { ${states.join(', ')} } };`;
  writeFileSync(join(place, 'workflows', `${name}.mjs`), code);
  return place;
}

const isClosed = async (scenario: Scenario, id: string): Promise<boolean> =>
  (await scenario.history(id)).some(({ what }) => what === 'closed');

test.serial(
  'a session is closed at the instant at which its last notification is out, not at the next look',
  async (t) => {
    const scenario = await Scenario.start(t);
    await scenario.system.startEngine();
    const id = await scenario.create();
    await scenario.until(() => isClosed(scenario, id));
    const history = await scenario.history(id);
    const done = history.findLast(({ what }) => what === 'state');
    t.like(done?.details, { to: 'MAINTENANCE_DONE' });
    t.deepEqual(history.find(({ what }) => what === 'closed')?.at, done?.at);
  },
);

test.serial(
  'a workflow that waits for a time that is over has its session fail instead of asking without end',
  async (t) => {
    const answer = "({ wait: { for: 'godot', message: 'He does not come.', until: view.now } })";
    const options = { DEFAULT: { plugin_path: pluginsWith(t, 'patient', answer) } };
    const scenario = await Scenario.start(t, { options });
    await scenario.system.startEngine();
    const id = await scenario.create({ workflow: 'patient' });
    await scenario.until(() => isClosed(scenario, id));
    const { state, reason } = await scenario.system.client.detail(id);
    t.is(state, 'MAINTENANCE_FAILED');
    t.like(reason, { code: 'blocked', message: 'He does not come.' });
  },
);

test.serial('a workflow that throws is asked again until its session has been in trouble for too long', async (t) => {
  const answer = "{ throw new Error('a mistake in its code'); }";
  const options = { DEFAULT: { plugin_path: pluginsWith(t, 'clumsy', answer), blocked_timeout: 300 } };
  const scenario = await Scenario.start(t, { options });
  await scenario.system.startEngine();
  const id = await scenario.create({ workflow: 'clumsy' });
  const waiting = async () => (await scenario.system.client.detail(id)).waiting;
  while ((await waiting()) === null) await scenario.step();
  t.like(await waiting(), { for: 'trouble', message: 'Fenix could not go on: a mistake in its code' });
  const { until } = (await waiting()) as { until: string };
  scenario.clock.advanceTo(new Date(`${until}Z`));
  await scenario.until(() => isClosed(scenario, id));
  t.is((await scenario.system.client.detail(id)).reason?.code, 'trouble');
});

test.serial('sessions that need plug-ins of another engine keep no other session waiting', async (t) => {
  const scenario = await Scenario.start(t);
  const { database } = scenario.system;
  const { sessions } = new Repositories(database);
  const foreign = { kind: 'workflow', name: 'elsewhere', version: '1', digest: 'd' } as const;
  for (let i = 0; i < 30; i += 1) {
    const session = aSession({ plugins: [foreign], createdAt: new Date('2020-01-01') });
    await database.transaction((tx) => sessions.create(session, tx));
  }
  await scenario.system.startEngine();
  const id = await scenario.create();
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
});

/** A session whose cloud is out of reach since a move began, and that says so. */
async function withoutCloud(t: ExecutionContext) {
  const scenario = await Scenario.start(t);
  const { system } = scenario;
  const server = Reflect.get(system.simulator, 'server') as Server;
  const [answer] = server.listeners('request') as ((...args: unknown[]) => void)[];
  const restore = (): void => {
    server.removeAllListeners('request');
    server.on('request', (...args) => answer?.(...args));
  };
  await system.startEngine();
  const id = await scenario.create();
  const { sessions } = new Repositories(system.database);
  const stored = () => sessions.get(id);
  await scenario.until(() => system.simulator.log.of('move-begun').length > 0);
  server.removeAllListeners('request');
  server.on('request', (request) => request.socket.destroy());
  while ((await stored())?.waiting?.for !== 'cloud') await scenario.step();
  return { scenario, id, stored, restore };
}

test.serial(
  'with the cloud away for too long a session fails, resumable, and what it had begun is seen to once the cloud is back',
  async (t) => {
    const { scenario, id, stored, restore } = await withoutCloud(t);
    const { clock, system } = scenario;
    const { waiting } = (await stored()) ?? {};
    clock.advanceTo(waiting?.until ?? clock.now());
    while ((await stored())?.state !== 'MAINTENANCE_FAILED') await scenario.step();
    t.is((await stored())?.reason?.code, 'cloud-unreachable');
    while ((await stored())?.waiting?.for !== 'effects') await scenario.step();
    t.false(await isClosed(scenario, id));
    restore();
    await scenario.finish(id);
    const { simulator, client } = system;
    t.true([...simulator.cloud.hosts.values()].every(({ enabled }) => enabled));
    t.true(simulator.log.of('move-ended').every(({ outcome }) => outcome === 'confirmed'));
    t.deepEqual(simulator.report().violations, []);
    await client.resumeFailed(id);
    t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  },
);

test.serial(
  'a cloud out of reach is waited for, with reason and deadline, and the session goes on when it is back',
  async (t) => {
    const { scenario, id, stored, restore } = await withoutCloud(t);
    const { system } = scenario;
    const wait = (await stored())?.waiting;
    t.regex(wait?.message ?? '', /^The cloud cannot be read: /);
    t.true((wait?.until ?? scenario.clock.now()) > scenario.clock.now());
    restore();
    t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
    t.is(system.simulator.log.of('move-begun').length, 4);
  },
);

test.serial('what is waited for keeps its deadline though the cloud cannot be read in between', async (t) => {
  const generated = generateTopology({ hosts: 2, instances: 1, projects: 1, seed: 1, controllers: 0 });
  const projects = generated.projects.map((project) => ({
    ...project,
    instances: (project.instances ?? []).map((instance) => ({ ...instance, state: 'SOFT_DELETED' as const })),
  }));
  const http = [{ service: 'compute', calls: 'reads', rate: 0.15, kind: 'status' }] as const;
  const topology = { ...generated, projects, faults: { seed: 1, http } };
  const scenario = await Scenario.start(t, { topology, options: { DEFAULT: { blocked_timeout: 120 } } });
  await scenario.system.startEngine();
  const id = await scenario.create();
  const { state, reason } = await scenario.finish(id);
  t.is(state, 'MAINTENANCE_FAILED');
  t.like(reason, { code: 'blocked' });
  t.regex(reason?.message ?? '', /is not empty yet/);
  const waits = (await scenario.history(id)).filter(({ what }) => what === 'waiting');
  t.true(waits.some(({ details }) => details.for === 'cloud'));
  const began = waits.find(({ details }) => details.for === 'not-empty')?.at ?? scenario.clock.now();
  t.true(scenario.clock.now() <= plusSeconds(began, 150));
});
