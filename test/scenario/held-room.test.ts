import test, { type ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../src/client/index.js';
import { PlaceholderRepository } from '../../src/db/placeholder-repository.js';
import { generateTopology, type ManagerOptions, type Topology } from '../../src/simulator/index.js';
import { TenantSession } from '../../src/simulator/managers/tenant-session.js';
import { finishWithRestarts } from '../support/restarts.js';
import { Scenario } from '../support/scenario.js';

const STATE = 'PLANNED_MAINTENANCE';
/** One host with one instance, and an empty one with room for two. */
const SMALL = generateTopology({ hosts: 2, instances: 1, projects: 1, seed: 2, controllers: 0 });
/** The same with two instances of one project, and room for three. */
const PAIR = generateTopology({ hosts: 2, instances: 2, projects: 1, seed: 2, controllers: 0 });
const LARGER = generateTopology({ hosts: 4, instances: 6, projects: 2, seed: 1, controllers: 0 });
/** A project that has no instances yet. */
const GUESTS = { name: 'guests', id: '5f705e9a1c0b4f6f8d1f8b1c63a9d201' };

interface Started {
  readonly topology?: Topology;
  readonly managers?: ManagerOptions;
  readonly session?: Partial<NewSession>;
}

async function started(t: ExecutionContext, { topology = LARGER, managers = {}, session = {} }: Started = {}) {
  const scenario = await Scenario.start(t, {
    topology: { ...topology, projects: [...topology.projects, GUESTS] },
    managers: { answerAfter: 20, ...managers },
  });
  await scenario.system.startEngine();
  const policy = { hold_room: 'placeholders', ...session.policy } as const;
  return { scenario, id: await scenario.create({ workflow: 'vnf', ...session, policy }) };
}

/** What Placement shows: consumers that are neither instances nor migrations, with their hosts. */
function standing({ system }: Scenario): { consumer: string; host: string }[] {
  const { cloud } = system.simulator;
  return [...cloud.hosts.keys()].flatMap((name) =>
    cloud.allocations
      .on(name)
      .filter(({ consumerType }) => consumerType === 'FENIX_PLACEHOLDER')
      .map(({ consumer, host }) => ({ consumer, host })),
  );
}

const moves = ({ system }: Scenario) => system.simulator.log.of('move-begun');
const told = async (scenario: Scenario, id: string, word: string) =>
  (await scenario.history(id)).filter(({ what }) => what === word);

/** Nothing stands in Placement, nor is believed to. */
async function assertNothingHeld(t: ExecutionContext, scenario: Scenario): Promise<void> {
  t.deepEqual(standing(scenario), []);
  t.deepEqual(await new PlaceholderRepository(scenario.system.database).all(), []);
  t.deepEqual(scenario.system.simulator.report().violations, []);
}

/** Another project boots servers while the project's answer is awaited, as many as would fill the one target. */
async function besieged(t: ExecutionContext, hold_room: 'none' | 'placeholders') {
  const { scenario, id } = await started(t, { topology: SMALL, session: { policy: { hold_room } } });
  const { simulator } = scenario.system;
  await scenario.until(() => simulator.log.of('alarm-post').some(({ state }) => state === STATE));
  const guest = new TenantSession(simulator.authUrl, simulator.tenantCredentials(GUESTS.name), scenario.clock);
  const flavorRef = simulator.cloud.flavors[0]?.id;
  for (const name of ['guest-1', 'guest-2']) {
    const server = { name, flavorRef, imageRef: '', networks: 'none' };
    t.is((await guest.service('compute', 'POST', '/servers', { server }, 'compute 2.37')).status, 202);
  }
  await scenario.advance(15);
  const guests = simulator.cloud.instances().filter(({ projectId }) => projectId === GUESTS.id);
  return { scenario, id, placed: guests.filter(({ host }) => host !== null).length };
}

// The scenarios watch the whole process for silence, so they run one after the other.
test.serial('hold_room: without it tenants take the room of a planned move, and it cannot begin', async (t) => {
  const { scenario, id, placed } = await besieged(t, 'none');
  t.is(placed, 2);
  await scenario.advance(60);
  t.deepEqual(moves(scenario), []);
  const { waiting } = await scenario.system.client.detail(id);
  t.regex(waiting?.message ?? '', /SCALE_IN/, 'others are asked to make room for what a tenant took');
});

test.serial(
  'hold_room: with it tenants get what is left, and the instance moves where its project was told',
  async (t) => {
    const { scenario, id, placed } = await besieged(t, 'placeholders');
    t.is(placed, 1);
    const [held] = standing(scenario);
    t.truthy(held);
    await scenario.until(() => moves(scenario).length > 0);
    t.deepEqual(standing(scenario), [], 'it was let go before the move was asked for');
    await scenario.until(async () => (await told(scenario, id, 'move-ended')).length > 0);
    const [ended] = await told(scenario, id, 'move-ended');
    t.like(ended?.details, { result: 'moved', host: held?.host });
    t.is((await told(scenario, id, 'target-refuted')).length, 0);
  },
);

test.serial('hold_room: each place is held once before its project is told, and none is left at the end', async (t) => {
  const { scenario, id } = await started(t, { session: { limits: { migrations: 1 } } });
  const detail: SessionDetail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  const history = await scenario.history(id);
  const notices = history.filter(({ what, details }) => what === 'notice' && details.state === STATE);
  t.is(notices.length, 6);
  for (const { details, seq } of notices) {
    const [instance] = details.instances as string[];
    const before = history.filter(({ what, details: about }) => what === 'room-held' && about.instance === instance);
    t.is(before.length, 1);
    t.true(Number(before[0]?.seq) < Number(seq));
  }
  t.deepEqual([...scenario.system.simulator.report().moves.values()], [1, 1, 1, 1, 1, 1]);
  await assertNothingHeld(t, scenario);
});

test.serial('hold_room: where every host is full but one, the session gets on as without it', async (t) => {
  const topology = generateTopology({ hosts: 3, instances: 8, projects: 2, seed: 3, controllers: 0, fill: 'full' });
  const { scenario, id } = await started(t, { topology });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.false(scenario.system.simulator.log.of('alarm-post').some(({ state }) => state === 'SCALE_IN'));
  await assertNothingHeld(t, scenario);
});

for (const ending of ['abort', 'delete', 'refusal', 'skip'] as const)
  test.serial(`hold_room: what is held by an engine that dies is let go by the next one: ${ending}`, async (t) => {
    const managers = ending === 'refusal' ? ({ dialect: 'refusing', inState: STATE } as const) : {};
    const { scenario, id } = await started(t, { managers });
    const { client } = scenario.system;
    await scenario.until(() => standing(scenario).length > 0);
    await scenario.system.stopEngine();
    t.true(standing(scenario).length > 0);
    await scenario.system.startEngine();
    if (ending === 'abort') await client.control(id, { abort: {} });
    if (ending === 'delete') await client.remove(id);
    if (ending === 'skip') {
      const { hosts } = await client.detail(id);
      for (const { hostname, state } of hosts)
        if (state === 'emptying') await client.control(id, { skip_host: { host: hostname } });
      const before = standing(scenario).map(({ consumer }) => consumer);
      await scenario.until(() => !standing(scenario).some(({ consumer }) => before.includes(consumer)));
      t.is(moves(scenario).length, 0);
    }
    await scenario.until(async () => (await told(scenario, id, 'closed')).length > 0);
    await assertNothingHeld(t, scenario);
  });

for (const seed of [1, 2])
  test.serial(
    `hold_room: engines that are stopped after any query hold nothing twice and leave nothing (${seed})`,
    async (t) => {
      const { scenario, id } = await started(t, { managers: { answerAfter: 5 } });
      t.log(`${await finishWithRestarts(scenario, id, { most: 400, seed })} lives`);
      const detail = await scenario.system.client.detail(id);
      t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
      t.deepEqual([...scenario.system.simulator.report().moves.values()], [1, 1, 1, 1, 1, 1]);
      await assertNothingHeld(t, scenario);
    },
  );

test.serial('hold_room: a project that moves its instances itself finds the room free', async (t) => {
  const { scenario, id } = await started(t, { topology: PAIR, managers: { dialect: 'reinstantiating' } });
  await scenario.until(() => standing(scenario).length > 0);
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(moves(scenario), []);
  t.is((await told(scenario, id, 'room-held')).length, 1, 'it is held from no replacement once that is known');
  await assertNothingHeld(t, scenario);
});

test.serial('hold_room: room that is gone when it is to be held is planned around, and nobody was told', async (t) => {
  const { scenario, id } = await started(t);
  const { simulator } = scenario.system;
  const http = [
    { service: 'placement', calls: 'writes', path: '/allocations/', rate: 1, kind: 'status', status: 409 },
  ] as const;
  simulator.setFaults({ http });
  await scenario.until(async () => (await told(scenario, id, 'target-refuted')).length > 0);
  t.deepEqual(
    (await told(scenario, id, 'notice')).filter(({ details }) => details.state === STATE),
    [],
  );
  simulator.setFaults({});
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual([...simulator.report().moves.values()], [1, 1, 1, 1, 1, 1]);
  await assertNothingHeld(t, scenario);
});

test.serial('hold_room: a Placement that cannot hold room keeps no session from going on', async (t) => {
  const { scenario, id } = await started(t);
  const http = [
    { service: 'placement', calls: 'writes', path: '/allocations/', rate: 1, kind: 'status', status: 500 },
  ] as const;
  scenario.system.simulator.setFaults({ http });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.true((await told(scenario, id, 'room-not-held')).length > 0);
  await assertNothingHeld(t, scenario);
});

test.serial('hold_room: answers of Placement that get lost leave nothing behind', async (t) => {
  const { scenario, id } = await started(t);
  const http = [
    { service: 'placement', calls: 'writes', path: '/allocations/', rate: 0.5, kind: 'reset-after' },
  ] as const;
  scenario.system.simulator.setFaults({ seed: 4, http });
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  await assertNothingHeld(t, scenario);
});
