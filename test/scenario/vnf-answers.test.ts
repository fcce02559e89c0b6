import test, { type ExecutionContext } from 'ava';
import type { ControlRequest, NewSession } from '../../src/client/index.js';
import { generateTopology, type ManagerOptions } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const GENERATED = generateTopology({ hosts: 4, instances: 6, projects: 2, seed: 1, controllers: 0 });
const [FIRST, SECOND] = GENERATED.projects;
const PROJECT = String(FIRST?.id);

/** The manager of the first project has that habit, the other one has none. */
async function begun(t: ExecutionContext, manager: ManagerOptions, policy: NewSession['policy'] = {}) {
  const projects = [
    { ...(FIRST as (typeof GENERATED.projects)[number]), manager },
    SECOND as (typeof GENERATED.projects)[number],
  ];
  const scenario = await Scenario.start(t, { topology: { ...GENERATED, projects } });
  await scenario.system.startEngine();
  const id = await scenario.create({ workflow: 'vnf', policy });
  const own = scenario.system.simulator.cloud.instances().filter(({ projectId }) => projectId === PROJECT);
  const moved = () =>
    scenario.system.simulator.log
      .of('move-begun')
      .filter(({ instanceId }) => own.some(({ id: one }) => one === instanceId));
  return { scenario, id, moved };
}

test.serial(
  'vnf: a NACK ends the session, names project and instance, and moves nobody of it; continued, it asks again',
  async (t) => {
    const { scenario, id, moved } = await begun(t, { dialect: 'refusing' });
    const detail = await scenario.finish(id);
    t.is(detail.state, 'MAINTENANCE_FAILED');
    t.like(detail.reason, { code: 'nack', project_id: PROJECT });
    t.regex(detail.reason?.message ?? '', /for instance \S+ on host compute-\d/);
    t.deepEqual(moved(), []);
    t.true(detail.hosts.every(({ disabled }) => !disabled));
    await scenario.system.client.resumeFailed(id);
    t.like((await scenario.finish(id)).reason, { code: 'nack', project_id: PROJECT });
    t.deepEqual(scenario.system.simulator.report().violations, []);
  },
);

for (const [dialect, event] of [
  ['refusing', 'nack'],
  ['silent', 'silence'],
] as const) {
  test.serial(
    `vnf: ${event}: skip_host leaves hosts of that project out, force moves its instances all the same`,
    async (t) => {
      const skipping = await begun(t, { dialect }, { [event]: 'skip_host' });
      const skipped = await skipping.scenario.finish(skipping.id);
      t.is(skipped.state, 'MAINTENANCE_DONE', JSON.stringify(skipped.reason));
      t.true(
        skipped.hosts.some(({ state }) => state === 'skipped') && skipped.hosts.some(({ state }) => state === 'done'),
      );
      t.true(skipped.hosts.every(({ disabled }) => !disabled));
      t.deepEqual(skipping.moved(), []);
      await skipping.scenario.stop();

      const forcing = await begun(t, { dialect }, { [event]: 'force' });
      const forced = await forcing.scenario.finish(forcing.id);
      t.is(forced.state, 'MAINTENANCE_DONE', JSON.stringify(forced.reason));
      t.true(forced.hosts.every(({ state }) => state === 'done'));
      t.is(forcing.moved().length, 3);
    },
  );
}

for (const answer of ['continue', 'skip_host', 'mark_host_done', 'retry_host'] as const)
  test.serial(`vnf: nack: ask holds that host alone until the admin answers ${answer}`, async (t) => {
    const { scenario, id } = await begun(t, { dialect: 'refusing' }, { nack: 'ask' });
    const { client } = scenario.system;
    const answered = new Set<unknown>();
    await scenario.until(async () => {
      const asked = (await scenario.history(id)).filter(({ what }) => what === 'question');
      for (const { seq, details } of asked.filter((one) => !answered.has(one.seq))) {
        answered.add(seq);
        const host = String(details.message).match(/on host (\S+?)\.?$/)?.[1] ?? 'nowhere';
        const blocked = (await client.detail(id)).hosts.find(({ hostname }) => hostname === host)?.blocked;
        t.true(blocked === undefined || blocked.because === 'question', blocked?.because);
        // A manager that refuses whatever it is asked is overruled later.
        const key = answer === 'retry_host' && answered.size > 2 ? 'continue' : answer;
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
    t.deepEqual(scenario.system.simulator.report().violations, []);
  });

test.serial('vnf: a project without manager counts as agreed where policy says proceed', async (t) => {
  const { scenario, id, moved } = await begun(t, { dialect: 'none' }, { no_manager: 'proceed' });
  t.is((await scenario.finish(id)).state, 'MAINTENANCE_DONE');
  t.is(moved().length, 3);
});

test.serial('vnf: instances say which answer they wait for, their hosts and the session as well', async (t) => {
  const { scenario, id } = await begun(t, { dialect: 'silent' });
  const { client, simulator } = scenario.system;
  await scenario.until(() => simulator.log.of('alarm-post').some(({ state }) => state === 'MAINTENANCE'));
  t.regex(String((await client.detail(id)).waiting?.message), /MAINTENANCE/);
  await scenario.finish(id);
  const other = await begun(t, { dialect: 'silent' }, { per_project: { [PROJECT]: { silence: 'force' } } });
  const told = ({ state }: { readonly state: string | null }) => state === 'PLANNED_MAINTENANCE';
  await other.scenario.until(() => other.scenario.system.simulator.log.of('alarm-post').some(told));
  await other.scenario.advance(5);
  const detail = await other.scenario.system.client.detail(other.id);
  t.is(detail.waiting?.for, 'replies');
  t.true(
    detail.instances.some(({ blocked }) => blocked?.because === 'answer'),
    JSON.stringify(detail.instances),
  );
});
