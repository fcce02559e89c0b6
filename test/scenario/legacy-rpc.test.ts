import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../src/client/index.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { Repositories } from '../../src/db/repositories.js';
import { RemoteError } from '../../src/messaging/remote-error.js';
import { RpcClient } from '../../src/messaging/rpc-client.js';
import type { Notice } from '../../src/model/index.js';
import { Scenario, type ScenarioOptions } from '../support/scenario.js';

type Args = Readonly<Record<string, unknown>>;

/** A cloud whose engine serves the Python releases' methods, and a client that asks as their API process does. */
async function aLegacyCloud(t: ExecutionContext, options: ScenarioOptions = {}) {
  const scenario = await Scenario.start(t, { ...options, options: { engine: LEGACY, ...options.options } });
  const { system } = scenario;
  await system.startEngine();
  const clock = new SystemMachineClock();
  const broker = system.broker.connect();
  const rpc = new RpcClient({ broker, exchange: 'openstack', clock, logger: silentLogger });
  t.teardown(() => rpc.close());
  const target = { topic: 'fenix.engine', server: '127.0.0.1', version: '1.0' };
  const ask = (method: string, args: Args = {}, context: Args = {}) =>
    rpc.call(target, method, args, context, { timeoutMs: 10_000 });
  return { scenario, system, ask };
}

const LEGACY = { legacy_rpc: true, host: '127.0.0.1' };

const BODY: NewSession = {
  state: 'MAINTENANCE',
  maintenance_at: '2026-01-01 00:01:00',
  hosts: ['compute-1', 'compute-2'],
  metadata: { openstack_release: 'Yoga' },
  actions: [{ plugin: 'noop', type: 'host', metadata: { duration: 30 } }],
  workflow: 'default',
};

test.serial('what is created by RPC is the session that the REST API would have created', async (t) => {
  const { system, ask } = await aLegacyCloud(t);
  const { session_id: byRpc } = (await ask('admin_create_session', { data: BODY })) as { session_id: string };
  const repositories = new Repositories(system.database);
  const created = await repositories.sessions.get(byRpc);
  t.like(created, { state: 'MAINTENANCE', hosts: BODY.hosts, metadata: BODY.metadata, userId: 'legacy-rpc' });
  t.like((await repositories.history.list(byRpc))[0], { what: 'session-created', who: 'legacy-rpc' });
  const byRest = await system.client.create({ ...BODY, hosts: ['compute-3'] });
  const other = await repositories.sessions.get(byRest);
  t.deepEqual(
    { plugins: created?.plugins, actions: created?.actions, policy: created?.policy, at: created?.maintenanceAt },
    { plugins: other?.plugins, actions: other?.actions, policy: other?.policy, at: other?.maintenanceAt },
  );
  const ids = await system.client.list();
  t.deepEqual(await ask('admin_get'), { sessions: ids, session_id: ids });
  t.deepEqual(await ask('admin_get_session', { session_id: byRpc }), await system.client.show(byRpc));
  t.deepEqual(await ask('admin_delete_session', { session_id: byRpc }), {});
  t.is(await ask('admin_get_session', { session_id: byRpc }), null, 'as the Python engine says it');
});

test.serial('a session is carried to its end by replies that come by RPC', async (t) => {
  const { scenario, system, ask } = await aLegacyCloud(t, { managers: { dialect: 'silent' } });
  const { notices } = new Repositories(system.database);
  const { session_id: id } = (await ask('admin_create_session', { data: BODY })) as { session_id: string };
  const answered = new Set<number>();
  const answer = async ({ noticeId, projectId, state, instanceIds, allowedActions }: Notice): Promise<void> => {
    answered.add(noticeId);
    const about = { session_id: id, project_id: projectId };
    const { instance_ids } = (await ask('project_get_session', about)) as { instance_ids: string[] };
    t.deepEqual(instance_ids.sort(), [...instanceIds].sort());
    const [action] = allowedActions;
    const actions = action && Object.fromEntries(instanceIds.map((instance) => [instance, action]));
    const data = { session_id: id, state: `ACK_${state}`, ...(actions && { instance_actions: actions }) };
    t.deepEqual(await ask('project_update_session', { ...about, data }), data);
  };
  await scenario.until(async () => {
    const open = (await notices.list(id)).filter(
      ({ noticeId, closedAt }) => closedAt === null && !answered.has(noticeId),
    );
    for (const notice of open) await answer(notice);
    return (await scenario.history(id)).some(({ what }) => what === 'closed');
  });
  const { state, reason } = await system.client.detail(id);
  t.is(state, 'MAINTENANCE_DONE', JSON.stringify(reason));
  t.true(answered.size > 2);
  t.deepEqual(system.simulator.report().violations, []);
});

test.serial(
  'what the REST API refuses is refused by RPC, in the words that the Python API process knows',
  async (t) => {
    const { ask, system } = await aLegacyCloud(t, {
      options: { engine: LEGACY, DEFAULT: { max_sessions: 1 } },
    });
    const unknown = '00000000-0000-4000-8000-000000000000';
    t.is(await ask('admin_get_session', { session_id: unknown }), null);
    t.is(await ask('project_get_session', { session_id: unknown, project_id: 'p' }), null);
    await t.throwsAsync(ask('admin_delete_session', { session_id: unknown }), { code: 'not-found' });
    await t.throwsAsync(ask('admin_update_session', { session_id: '../x' }), { code: 'not-found' });
    for (const data of [{}, null, 'text', { ...BODY, state: 'X' }, { ...BODY, hosts: [1] }, { ...BODY, own: 1 }]) {
      await t.throwsAsync(ask('admin_create_session', { data }), { code: 'bad-request' });
    }
    await t.throwsAsync(ask('admin_create_session', { data: { ...BODY, workflow: 'none' } }), {
      code: 'unknown-workflow',
    });
    for (const args of [{}, { data: BODY, more: 1 }]) {
      const error = await t.throwsAsync(ask('admin_create_session', args), { instanceOf: RemoteError });
      t.is(error?.remote.className, 'TypeError');
    }
    t.deepEqual(await system.client.list(), []);
    await ask('admin_create_session', { data: BODY }, { request_id: 'req-1', user_id: 'an-admin', project_id: 'p' });
    t.is(await ask('admin_create_session', { data: { ...BODY, hosts: [] } }), null, 'too many sessions');
    const [id = ''] = await system.client.list();
    t.like(await new Repositories(system.database).sessions.get(id), { userId: 'an-admin', projectId: 'p' });
  },
);

test.serial('the methods are there only where the option says so', async (t) => {
  const { ask } = await aLegacyCloud(t, { options: { engine: { legacy_rpc: false, host: '127.0.0.1' } } });
  const error = await t.throwsAsync(ask('admin_get'), { instanceOf: RemoteError });
  t.is(error?.remote.className, 'NoSuchMethod');
});
