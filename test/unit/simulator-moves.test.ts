import test from 'ava';
import { recording } from '../support/samples.js';
import { aCloud, aSmallTopology, idOf } from '../support/simulator.js';

/** What a polling client sees of a server, each state once. */
async function watch(
  cloud: Awaited<ReturnType<typeof aCloud>>,
  id: string,
  forSeconds: number,
): Promise<{ status: string; vm_state: string; task_state: string | null; host: string | null }[]> {
  const seen: { status: string; vm_state: string; task_state: string | null; host: string | null }[] = [];
  for (let step = 0; step <= forSeconds * 10; step += 1) {
    const server = await cloud.admin.server(id);
    const now = {
      status: server.status,
      vm_state: server['OS-EXT-STS:vm_state'],
      task_state: server['OS-EXT-STS:task_state'],
      host: server['OS-EXT-SRV-ATTR:host'],
    };
    if (JSON.stringify(now) !== JSON.stringify(seen.at(-1))) seen.push(now);
    cloud.advance(0.1);
  }
  return seen;
}

type Seen = { status: string; vm_state: string; task_state: string | null; host: string };

/** A recorded history with the hosts renamed to those of the test. */
function recorded(name: string, hosts: Readonly<Record<string, string>>): unknown[] {
  const { seen } = recording<{ seen: Seen[] }>(name);
  return seen.map(({ status, vm_state, task_state, host }) => ({
    status,
    vm_state,
    task_state,
    host: hosts[host],
  }));
}

test('a cold migration goes through the states that a real Nova shows, then waits to be confirmed', async (t) => {
  const cloud = await aCloud(t, aSmallTopology());
  const id = idOf(cloud.simulator, 'one');
  const answer = await cloud.admin.migrate(id, 'gamma');
  t.is(answer.status, 202);
  t.deepEqual(
    await watch(cloud, id, 6),
    recorded('nova-transitions-migrate', { 'compute-2': 'alpha', 'compute-1': 'gamma' }),
  );
  const confirmed = await cloud.admin.nova('POST', `/servers/${id}/action`, { body: { confirmResize: null } });
  t.is(confirmed.status, 204);
  t.deepEqual(await watch(cloud, id, 2), recorded('nova-transitions-confirmResize', { 'compute-1': 'gamma' }));
});

test('a moving instance holds room on both hosts until it is confirmed', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology());
  const id = idOf(simulator, 'one');
  const used = async (name: string): Promise<number> => {
    const [found] = (await admin.placement(`/resource_providers?name=${name}`)).body.resource_providers;
    return (await admin.placement(`/resource_providers/${found.uuid}/usages`)).body.usages.VCPU;
  };
  await admin.migrate(id, 'gamma');
  advance(10);
  t.deepEqual([await used('alpha'), await used('gamma')], [4, 2]);
  t.is((await admin.nova('GET', '/os-migrations', { version: '2.59' })).body.migrations[0].status, 'finished');
  await admin.nova('POST', `/servers/${id}/action`, { body: { confirmResize: null } });
  advance(2);
  t.deepEqual([await used('alpha'), await used('gamma')], [2, 2]);
  t.is((await admin.nova('GET', '/os-migrations', { version: '2.59' })).body.migrations[0].status, 'confirmed');
});

test('a reverted migration brings the instance back and leaves nothing on the target', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology());
  const id = idOf(simulator, 'one');
  await admin.migrate(id, 'gamma');
  advance(10);
  t.is((await admin.nova('POST', `/servers/${id}/action`, { body: { revertResize: null } })).status, 202);
  t.is((await admin.server(id)).status, 'REVERT_RESIZE');
  advance(3);
  const server = await admin.server(id);
  t.deepEqual([server.status, server['OS-EXT-SRV-ATTR:host']], ['ACTIVE', 'alpha']);
  t.is(simulator.cloud.allocations.used('gamma').vcpus, 0);
  t.is(simulator.cloud.allocations.used('alpha').vcpus, 4);
});

test('a target without room: accepted, ACTIVE again, the error only in actions and migrations', async (t) => {
  const cloud = await aCloud(t, aSmallTopology());
  const id = idOf(cloud.simulator, 'three');
  t.is((await cloud.admin.migrate(id, 'alpha')).status, 202);
  t.deepEqual(await watch(cloud, id, 6), recorded('nova-transitions-migrate-no-valid-host', { 'compute-3': 'beta' }));
  const [action] = (await cloud.admin.nova('GET', `/servers/${id}/os-instance-actions`)).body.instanceActions;
  t.like(action, { action: 'migrate', message: 'Error' });
  const { migrations } = (await cloud.admin.nova('GET', `/os-migrations?instance_uuid=${id}`)).body;
  t.is(migrations[0].status, 'error');
});

test('a disabled target is refused likewise, and so is an enabled one whose trait lags', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology({ timings: { disabledTraitLag: 30 } }));
  const id = idOf(simulator, 'one');
  const { serviceId } = simulator.cloud.hosts.get('gamma') ?? { serviceId: '' };
  const put = (body: object) => admin.nova('PUT', `/os-services/${serviceId}`, { body, version: '2.53' });
  const hostAfterMove = async (): Promise<string> => {
    await admin.migrate(id, 'gamma');
    advance(8);
    return (await admin.server(id))['OS-EXT-SRV-ATTR:host'];
  };
  await put({ status: 'disabled', disabled_reason: 'tea' });
  t.is(await hostAfterMove(), 'alpha');
  advance(30);
  await put({ status: 'enabled' });
  t.is(await hostAfterMove(), 'alpha');
  advance(30);
  t.is(await hostAfterMove(), 'gamma');
});

test('a live migration stays in service, goes through the known statuses and ends by itself', async (t) => {
  const cloud = await aCloud(t, aSmallTopology());
  const id = idOf(cloud.simulator, 'one');
  const body = { 'os-migrateLive': { host: 'gamma', block_migration: 'auto' } };
  t.is((await cloud.admin.nova('POST', `/servers/${id}/action`, { body, version: '2.68' })).status, 202);
  const statuses: string[] = [];
  for (let step = 0; step < 40; step += 1) {
    const { migrations } = (await cloud.admin.nova('GET', '/os-migrations')).body;
    if (migrations[0].status !== statuses.at(-1)) statuses.push(migrations[0].status);
    cloud.advance(0.1);
  }
  t.deepEqual(statuses, ['accepted', 'queued', 'preparing', 'running', 'completed']);
  const server = await cloud.admin.server(id);
  t.deepEqual([server.status, server['OS-EXT-SRV-ATTR:host']], ['ACTIVE', 'gamma']);
  t.is(cloud.simulator.cloud.allocations.used('alpha').vcpus, 2);
});

test('a running live migration can be aborted', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology());
  const id = idOf(simulator, 'one');
  const body = { 'os-migrateLive': { host: 'gamma', block_migration: 'auto' } };
  await admin.nova('POST', `/servers/${id}/action`, { body, version: '2.68' });
  advance(1);
  const { migrations } = (await admin.nova('GET', `/servers/${id}/migrations`, { version: '2.59' })).body;
  t.is(migrations[0].status, 'running');
  const aborted = await admin.nova('DELETE', `/servers/${id}/migrations/${migrations[0].id}`, { version: '2.65' });
  t.is(aborted.status, 202);
  advance(10);
  t.like(await admin.server(id), { status: 'ACTIVE', 'OS-EXT-SRV-ATTR:host': 'alpha' });
  t.is(simulator.cloud.allocations.used('gamma').vcpus, 0);
});

test('a history is the same whether the clock jumps or creeps', async (t) => {
  const history = async (step: number): Promise<unknown[]> => {
    const { simulator, admin, advance } = await aCloud(t, aSmallTopology());
    await admin.migrate(idOf(simulator, 'one'), 'gamma');
    for (let passed = 0; passed < 10; passed += step) advance(step);
    await admin.server(idOf(simulator, 'one'));
    return simulator.log.entries().filter(({ kind }) => kind !== 'call');
  };
  t.deepEqual(await history(10), await history(0.1));
});
