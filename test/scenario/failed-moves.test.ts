import test, { type ExecutionContext } from 'ava';
import type { NewSession, SessionDetail } from '../../src/client/index.js';
import { Repositories } from '../../src/db/repositories.js';
import { generateTopology, type ManagerOptions } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const GENERATED = generateTopology({ hosts: 3, instances: 4, projects: 2, seed: 1, controllers: 0 });
/** Each move begins, and the instance is back where it was: no target keeps any. */
const BACK = { ...GENERATED, faults: { seed: 1, moves: { fail: 1 } } };
const BOTH = ['INSTANCE_ACTION_FAILED', 'INSTANCE_ACTION_FALLBACK'];
const OPTED_IN = { constraints: true, notifyStates: BOTH };

async function story(
  t: ExecutionContext,
  managers: ManagerOptions,
  session: Partial<NewSession> = {},
  before: (repositories: Repositories) => Promise<void> = async () => undefined,
): Promise<{ scenario: Scenario; detail: SessionDetail; told: string[] }> {
  const scenario = await Scenario.start(t, { topology: BACK, managers });
  const { system } = scenario;
  await scenario.advance(10);
  await before(new Repositories(system.database));
  await system.startEngine();
  const detail = await scenario.finish(await scenario.create(session));
  const told = system.simulator.log
    .of('alarm-post')
    .flatMap(({ state }) => (BOTH.includes(String(state)) ? [String(state)] : []));
  return { scenario, detail, told };
}

test.serial(
  'an instance that comes back from every host is a failure of its own, told to those who opted in',
  async (t) => {
    const { detail, told, scenario } = await story(t, OPTED_IN);
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.is(detail.reason?.code, 'instance-failed');
    t.regex(detail.reason?.message ?? '', /came back from every host/);
    t.true(told.length > 0);
    t.true(told.every((state) => state === 'INSTANCE_ACTION_FAILED'));
    t.deepEqual(scenario.system.simulator.report().problems, []);
  },
);

test.serial('who did not opt in hears nothing of failures', async (t) => {
  const { detail, told, scenario } = await story(t, { constraints: true });
  t.is(detail.reason?.code, 'instance-failed');
  t.deepEqual(told, []);
  t.deepEqual(scenario.system.simulator.report().problems, []);
});

test.serial('instance_failed: skip_host acts on instances that come back', async (t) => {
  const { detail } = await story(t, {}, { policy: { instance_failed: 'skip_host' } });
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.is(detail.hosts.filter(({ state }) => state === 'skipped').length, 2);
});

test.serial(
  'a live migration that fails goes cold where the instance’s own list says so, and its project is told',
  async (t) => {
    const { detail, told, scenario } = await story(
      t,
      { ...OPTED_IN, action: 'LIVE_MIGRATE' },
      {},
      async (repositories) => {
        const { database, instanceConstraints } = repositories;
        const ids = GENERATED.projects.flatMap(({ instances = [] }) => instances.flatMap(({ id }) => (id ? [id] : [])));
        for (const record of await instanceConstraints.forInstances(ids)) {
          const { instanceId, ownerProjectId } = record;
          await database
            .knex('instance_constraints')
            .where({ instance_id: instanceId, owner_project_id: ownerProjectId })
            .update({
              migration_types: JSON.stringify(['LIVE_MIGRATE', 'MIGRATE']),
            });
        }
      },
    );
    t.is(detail.reason?.code, 'instance-failed', 'the cold migration comes back as well');
    t.true(told.includes('INSTANCE_ACTION_FALLBACK'));
    const actions = scenario.system.simulator.log.of('move-begun').map(({ type }) => type);
    t.true(actions.includes('live-migration') && actions.includes('migration'));
  },
);
