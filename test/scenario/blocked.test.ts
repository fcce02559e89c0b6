import test from 'ava';
import type { SessionDetail } from '../../src/client/index.js';
import { generateTopology } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const CLOUD = { hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0 };
type Host = SessionDetail['hosts'][number];

/** What hosts were blocked by, and in which state, as the detail told meanwhile. */
async function watched(scenario: Scenario, id: string, onto: (host: Host) => Promise<void> = async () => undefined) {
  const seen = new Set<string>();
  const { client } = scenario.system;
  await scenario.until(async () => {
    const { state, hosts } = await client.detail(id);
    for (const host of hosts) {
      if (host.blocked === undefined) continue;
      seen.add(`${host.state} ${host.blocked.because}`);
      await onto(host);
    }
    return state === 'MAINTENANCE_DONE' || state === 'MAINTENANCE_FAILED';
  });
  const { hosts } = await scenario.finish(id);
  return { seen, hosts };
}

test.serial(
  'a host says which answer or rule it waits for, since when and until when, and no longer than that',
  async (t) => {
    const options = { workflow: { default_recovery_time: 60 } };
    const scenario = await Scenario.start(t, {
      topology: generateTopology(CLOUD),
      managers: { answerAfter: 20 },
      options,
    });
    await scenario.system.startEngine();
    const { seen, hosts } = await watched(scenario, await scenario.create(), async ({ blocked }) => {
      t.true(blocked !== undefined && blocked.since <= blocked.until, JSON.stringify(blocked));
      t.truthy(blocked?.message);
    });
    for (const what of ['waiting replies', 'emptying replies', 'emptying constraints']) t.true(seen.has(what), what);
    t.true(hosts.every(({ blocked }) => blocked === undefined));
  },
);

test.serial('a host that an admin is asked about says so until there is an answer', async (t) => {
  const scenario = await Scenario.start(t, { topology: generateTopology(CLOUD), managers: { dialect: 'refusing' } });
  await scenario.system.startEngine();
  const id = await scenario.create({ policy: { nack: 'ask' } });
  const asked = new Set<string>();
  const { seen, hosts } = await watched(scenario, id, async ({ hostname, blocked }) => {
    if (blocked?.because !== 'question' || asked.has(hostname)) return;
    asked.add(hostname);
    t.regex(blocked.message, /NACK_PLANNED_MAINTENANCE/);
    await scenario.system.client.control(id, { skip_host: { host: hostname } });
  });
  t.true(seen.has('emptying question'));
  t.true(hosts.every(({ blocked }) => blocked === undefined));
});
