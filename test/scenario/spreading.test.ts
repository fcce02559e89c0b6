import test from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import type { Engine } from '../../src/engine/engine.js';
import { Scenario } from '../support/scenario.js';

const HOSTS = ['compute-1', 'compute-2', 'compute-3', 'compute-4', 'compute-5'];

/** Sessions that wait for a day that is far away, each with a host of its own. */
async function waiting(scenario: Scenario, hosts: readonly string[]): Promise<string[]> {
  const at = plusSeconds(scenario.clock.now(), 86_400).toISOString().slice(0, 19).replace('T', ' ');
  return Promise.all(hosts.map((host) => scenario.create({ hosts: [host], maintenance_at: at })));
}

async function epochs(scenario: Scenario): Promise<number[]> {
  return (await scenario.system.database.knex('sessions').orderBy('session_id')).map(({ epoch }) => Number(epoch));
}

async function counts(scenario: Scenario, engines: readonly Engine[]): Promise<number[]> {
  const rows = await scenario.system.database.knex('sessions');
  return engines.map(({ identity }) => rows.filter(({ owner }) => owner === identity.engineId).length);
}

const six = { hosts: 6, instances: 6, projects: 2 };

test.serial('an engine that starts beside one with many sessions gets its share, and nothing goes back', async (t) => {
  const scenario = await Scenario.start(t, { cloud: six });
  const first = await scenario.system.startEngine();
  await waiting(scenario, HOSTS);
  await scenario.until(async () => (await counts(scenario, [first]))[0] === 5);
  const second = await scenario.system.startEngine();
  await scenario.until(async () => (await counts(scenario, [second]))[0] === 2);
  t.deepEqual(await counts(scenario, [first, second]), [3, 2]);
  const settled = await epochs(scenario);
  const later = plusSeconds(scenario.clock.now(), 1200);
  await scenario.until(() => scenario.clock.now() >= later);
  t.deepEqual(await epochs(scenario), settled);
});

test.serial('a new session goes to the engine that has fewer', async (t) => {
  const scenario = await Scenario.start(t, { cloud: six });
  const first = await scenario.system.startEngine();
  await waiting(scenario, HOSTS.slice(0, 1));
  await scenario.until(async () => (await counts(scenario, [first]))[0] === 1);
  const second = await scenario.system.startEngine();
  await waiting(scenario, HOSTS.slice(1, 2));
  await scenario.until(async () => (await counts(scenario, [second]))[0] === 1);
  t.deepEqual(await epochs(scenario), [1, 1]);
});

test.serial('what an engine that stops had is with the other one in less than a second', async (t) => {
  const scenario = await Scenario.start(t, { cloud: six });
  const { system } = scenario;
  const first = await system.startEngine();
  await waiting(scenario, HOSTS);
  await scenario.until(async () => (await counts(scenario, [first]))[0] === 5);
  const second = await system.startEngine();
  await scenario.until(async () => (await counts(scenario, [second]))[0] === 2);
  const toldAt = scenario.clock.now();
  const stopped = system.stopEngine(first);
  await scenario.until(async () => (await counts(scenario, [second]))[0] === 5);
  await stopped;
  t.true(scenario.clock.now() < plusSeconds(toldAt, 1));
});
