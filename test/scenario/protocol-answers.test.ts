import test, { type ExecutionContext } from 'ava';
import type { ControlRequest, NewSession, SessionDetail } from '../../src/client/index.js';
import {
  ASKED_STATES,
  type AskedState,
  generateTopology,
  type ManagerOptions,
  type Topology,
} from '../../src/simulator/index.js';
import { Scenario, type ScenarioOptions } from '../support/scenario.js';

/**
 * A cloud in which a session comes through that state: with room for one host's instances but no empty host it begins
 * with PREPARE_, without room with SCALE_IN. The manager of project-1 has that habit, the other one has none.
 */
function cloudFor(state: AskedState, manager: ManagerOptions): Topology {
  const shape =
    state === 'SCALE_IN'
      ? { hosts: 2, instances: 8, emptyHosts: 0, fill: 'full' as const }
      : state === 'PREPARE_MAINTENANCE'
        ? { hosts: 3, instances: 6, emptyHosts: 0 }
        : { hosts: 3, instances: 4 };
  const topology = generateTopology({ ...shape, projects: 2, seed: 1, controllers: 0 });
  const [first, ...others] = topology.projects;
  if (first === undefined) throw new Error('no project');
  return { ...topology, projects: [{ ...first, manager }, ...others] };
}

interface Told {
  readonly scenario: Scenario;
  readonly id: string;
  readonly detail: SessionDetail;
  /** How often the project was told that state. */
  readonly posts: (project: number, state: string) => number;
}

async function begun(t: ExecutionContext, topology: Topology, options: ScenarioOptions, session: Partial<NewSession>) {
  const scenario = await Scenario.start(t, { topology, ...options });
  await scenario.system.startEngine();
  const id = await scenario.create(session);
  const posts: Told['posts'] = (project, state) =>
    scenario.system.simulator.log
      .of('alarm-post')
      .filter((post) => post.projectId === topology.projects[project]?.id && post.state === state).length;
  return { scenario, id, posts };
}

async function story(
  t: ExecutionContext,
  topology: Topology,
  policy: NewSession['policy'] = {},
  options: ScenarioOptions = {},
): Promise<Told> {
  const told = await begun(t, topology, options, { policy });
  return { ...told, detail: await told.scenario.finish(told.id) };
}

const projectId = (topology: Topology) => String(topology.projects[0]?.id);

/** Whether Fenix moved an instance of the first project. */
function wasMoved({ scenario }: Told, topology: Topology): boolean {
  const own = scenario.system.simulator.cloud
    .instances()
    .filter((instance) => instance.projectId === projectId(topology));
  return scenario.system.simulator.log
    .of('move-begun')
    .some(({ instanceId }) => own.some(({ id }) => id === instanceId));
}

for (const state of ASKED_STATES.slice(0, -1))
  test.serial(
    `a NACK in ${state} ends the session and names the project; continued, it asks again there`,
    async (t) => {
      const topology = cloudFor(state, { dialect: 'refusing', inState: state });
      const told = await story(t, topology);
      const { scenario, id, detail, posts } = told;
      t.is(detail.state, 'MAINTENANCE_FAILED');
      t.is(detail.prev_state, state);
      t.like(detail.reason, { code: 'nack', project_id: projectId(topology) });
      t.true(detail.hosts.every(({ disabled }) => !disabled));
      if (state !== 'PLANNED_MAINTENANCE') t.false(wasMoved(told, topology));
      t.is(posts(0, state), 1);
      t.is(await scenario.system.client.resumeFailed(id), state);
      t.like((await scenario.finish(id)).reason, { code: 'nack', project_id: projectId(topology) });
      t.is(posts(0, state), 2);
      t.deepEqual(scenario.system.simulator.report().violations, []);
    },
  );

for (const manager of [{ dialect: 'refusing', inState: 'MAINTENANCE_COMPLETE' }, { dialect: 'silent' }] as const)
  test.serial(`MAINTENANCE_COMPLETE: a ${manager.dialect} manager keeps no session from its end`, async (t) => {
    const policy = { silence: 'force' } as const;
    const { scenario, id, detail, posts } = await story(t, cloudFor('MAINTENANCE_COMPLETE', manager), policy);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(posts(0, 'MAINTENANCE_COMPLETE'), 1, 'not repeated');
    const end = (await scenario.history(id)).find(({ details }) => details.to === 'MAINTENANCE_DONE');
    t.regex(String(end?.details.why), /^Noted: Project /);
  });

test.serial('a silent project alone is told twice more, then the session fails and names it', async (t) => {
  const topology = cloudFor('MAINTENANCE', { dialect: 'silent' });
  const { detail, posts } = await story(t, topology);
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.like(detail.reason, { code: 'silence', project_id: projectId(topology) });
  t.deepEqual([posts(0, 'MAINTENANCE'), posts(1, 'MAINTENANCE')], [3, 1]);
});

for (const dialect of ['refusing', 'silent'] as const) {
  const event = dialect === 'refusing' ? 'nack' : 'silence';

  test.serial(`${event}: skip_host leaves the hosts of that project out, and goes on with the others`, async (t) => {
    const topology = cloudFor('PLANNED_MAINTENANCE', { dialect });
    const told = await story(t, topology, { [event]: 'skip_host' });
    const { detail } = told;
    const skipped = detail.hosts.filter(({ state }) => state === 'skipped');
    t.true(skipped.length > 0);
    t.true(detail.hosts.every(({ disabled }) => !disabled));
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.true(detail.hosts.some(({ state }) => state === 'done'));
    t.false(wasMoved(told, topology));
  });

  test.serial(`${event}: force moves the instances all the same`, async (t) => {
    const topology = cloudFor('PLANNED_MAINTENANCE', { dialect });
    const told = await story(t, topology, { [event]: 'force' });
    t.is(told.detail.state, 'MAINTENANCE_DONE', JSON.stringify(told.detail.reason));
    t.true(told.detail.hosts.every(({ state }) => state === 'done'));
    t.true(wasMoved(told, topology));
  });

  test.serial(`${event}: ask waits for the admin; nobody answers, so it fails at ask_timeout`, async (t) => {
    const options = { options: { workflow: { ask_timeout: 3600 } } };
    const { scenario, id, detail } = await story(
      t,
      cloudFor('PLANNED_MAINTENANCE', { dialect }),
      { [event]: 'ask' },
      options,
    );
    t.is(detail.reason?.code, event);
    const history = await scenario.history(id);
    const asked = history.find(({ what }) => what === 'question')?.at;
    const ended = history.find(({ details }) => details.to === 'MAINTENANCE_FAILED')?.at;
    t.is(Number(ended) - Number(asked), 3_600_000);
  });
}

for (const answer of ['continue', 'skip_host', 'mark_host_done', 'retry_host'] as const)
  test.serial(`nack: ask waits for the admin, who answers ${answer}`, async (t) => {
    const topology = cloudFor('PLANNED_MAINTENANCE', { dialect: 'refusing' });
    const { scenario, id, posts } = await begun(t, topology, {}, { policy: { nack: 'ask' } });
    const { client } = scenario.system;
    const question = async () => (await scenario.history(id)).findLast(({ what }) => what === 'question');
    const answered = new Set<unknown>();
    await scenario.until(async () => {
      const asked = await question();
      if (asked !== undefined && !answered.has(asked.seq)) {
        answered.add(asked.seq);
        const host = String(asked.details.message).match(/for host (\S+?)\.?$/)?.[1] ?? 'nowhere';
        // A manager that refuses whatever it is asked is overruled the second time.
        const key = answer === 'retry_host' && answered.size > 1 ? 'continue' : answer;
        await client.control(id, { [key]: { host } } as ControlRequest);
      }
      return ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'].includes((await client.show(id)).state);
    });
    const detail = await client.detail(id);
    t.true(answered.size > 0);
    t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
    t.is(
      detail.hosts.some(({ state }) => state === 'skipped'),
      answer === 'skip_host',
    );
    const hosts = detail.hosts.filter(({ hostname }) => hostname.startsWith('compute')).length;
    t.is(posts(0, 'PLANNED_MAINTENANCE'), answered.size);
    t.is(answered.size > hosts - 1, answer === 'retry_host', 'only that host is asked about again');
  });

test.serial('nack: skip_host beyond the failure budget ends the session', async (t) => {
  const topology = cloudFor('PLANNED_MAINTENANCE', { dialect: 'refusing' });
  const { detail } = await story(t, topology, { nack: 'skip_host', failure_budget: 0 });
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.is(detail.reason?.code, 'failure-budget');
});

test.serial('a policy of one project holds for that project alone', async (t) => {
  const topology = cloudFor('PLANNED_MAINTENANCE', { dialect: 'refusing' });
  const { detail } = await story(t, topology, { per_project: { [projectId(topology)]: { nack: 'force' } } });
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
});

test.serial('a project that asks for more time than it may have gets what it may have, once for all', async (t) => {
  const manager = { dialect: 'deferring', deferSeconds: 2000 } as const;
  const options = { options: { workflow: { max_defer: 100 } } };
  const { scenario, id, detail, posts } = await story(t, cloudFor('MAINTENANCE', manager), {}, options);
  t.is(detail.reason?.code, 'silence');
  t.is(posts(0, 'MAINTENANCE'), 3);
  const history = await scenario.history(id);
  const opened = history.find(({ what }) => what === 'notice')?.at;
  const closed = history.find(({ details }) => details.outcome === 'silent')?.at;
  t.is(Number(closed) - Number(opened), (40 + 100 + 40 + 40) * 1000);
});

test.serial('a project without manager counts as agreed where policy says proceed', async (t) => {
  const told = await story(t, cloudFor('MAINTENANCE', { dialect: 'none' }), { no_manager: 'proceed' });
  t.is(told.detail.state, 'MAINTENANCE_DONE', JSON.stringify(told.detail.reason));
});

for (const constraints of [false, true])
  test.serial(
    `constraints: require ${constraints ? 'is content with records' : 'ends a session without records'}`,
    async (t) => {
      const topology = cloudFor('MAINTENANCE', { constraints });
      const policy = { per_project: { [projectId(topology)]: { constraints: 'require' as const } } };
      const { detail, scenario, posts } = await story(t, topology, policy);
      t.is(detail.reason?.code, constraints ? undefined : 'constraints-missing');
      t.is(scenario.system.simulator.log.of('move-begun').length > 0, constraints);
      t.is(posts(0, 'MAINTENANCE'), constraints ? 1 : 0);
    },
  );
