import test, { type ExecutionContext } from 'ava';
import { generateTopology, type ManagerOptions } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const GENERATED = generateTopology({ hosts: 4, instances: 6, projects: 2, seed: 3, controllers: 0 });

/** The manager of the first project has that habit, the other one has none. */
async function started(t: ExecutionContext, manager: ManagerOptions) {
  const projects = GENERATED.projects.map((project, i) => (i === 0 ? { ...project, manager } : project));
  const scenario = await Scenario.start(t, { topology: { ...GENERATED, projects }, managers: { constraints: true } });
  await scenario.system.startEngine();
  return scenario;
}

const PROJECT = String(GENERATED.projects[0]?.id);
const OLD = (GENERATED.projects[0]?.instances ?? []).map(({ id }) => String(id));

test.serial(
  'vnf: a manager that is told of a new release upgrades its instances onto maintained hosts, each once',
  async (t) => {
    const scenario = await started(t, { dialect: 'upgrading', constraints: true });
    const { simulator } = scenario.system;
    const id = await scenario.create({
      workflow: 'vnf',
      metadata: { openstack_release: 'next' },
      policy: { steer_new: 'disable_waiting' },
    });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    const doneAt = new Map(
      (await scenario.history(id))
        .filter(({ what, details }) => what === 'host' && details.to === 'done')
        .map(({ at, details }) => [String(details.host), at]),
    );
    const own = simulator.cloud.instances().filter(({ projectId }) => projectId === PROJECT);
    t.is(own.length, OLD.length);
    t.true(own.every((instance) => !OLD.includes(instance.id)));
    for (const instance of own) {
      const booted = simulator.log.of('instance-added').find(({ instanceId }) => instanceId === instance.id);
      const claim = simulator.log.of('claim').find(({ consumer }) => consumer === instance.id);
      t.is(claim?.host, instance.host ?? '', 'where it began');
      t.true((doneAt.get(String(claim?.host)) ?? new Date(8.64e15)) <= (booted?.at ?? new Date(0)), claim?.host);
    }
    const impacts = detail.impacts.filter(({ instance_id }) => OLD.includes(instance_id));
    t.deepEqual(
      impacts.map(({ action }) => action),
      OLD.map(() => 'OWN_ACTION'),
    );
    t.is(detail.impacts.length, 6, 'own actions and moves: one for each instance');
    const { violations, problems } = simulator.report();
    t.deepEqual([violations, problems], [[], []]);
  },
);

test.serial('vnf: without word of a release the same manager lets its instances be moved', async (t) => {
  const scenario = await started(t, { dialect: 'upgrading', constraints: true });
  const detail = await scenario.finish(await scenario.create({ workflow: 'vnf' }));
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.true(detail.impacts.every(({ action }) => action !== 'OWN_ACTION'));
  t.deepEqual([...scenario.system.simulator.report().moves.values()], [1, 1, 1, 1, 1, 1]);
});

for (const inState of ['MAINTENANCE', 'PLANNED_MAINTENANCE'] as const)
  test.serial(`vnf: a project that retires in answer to ${inState} is waited for by nobody`, async (t) => {
    const scenario = await started(t, { dialect: 'retiring', inState, constraints: true });
    const id = await scenario.create({ workflow: 'vnf' });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.true(detail.hosts.every(({ state }) => state === 'done'));
    const own = detail.instances.filter(({ project_id }) => project_id === PROJECT);
    t.true(own.every(({ state }) => state === 'GONE'));
    const closed = (await scenario.history(id)).filter(({ what }) => what === 'notice-closed');
    t.true(closed.some(({ details }) => details.outcome === 'gone'));
    t.true(closed.every(({ details }) => details.outcome !== 'silent'));
    const { violations, moves } = scenario.system.simulator.report();
    t.deepEqual(violations, []);
    t.true([...moves.values()].every((count) => count === 1));
  });
