import test from 'ava';
import type { FaultPlan } from '../../src/simulator/index.js';
import { aCloud, aSmallTopology, idOf, logIn } from '../support/simulator.js';
import { aMaintainedCloud } from '../support/simulator-maintenance.js';

const faulty = (faults: FaultPlan) => aSmallTopology({ faults });

test('calls of the service under test fail as the plan says, those of tenants do not', async (t) => {
  const faults = {
    http: [{ service: 'compute', calls: 'reads', rate: 1, kind: 'status', status: 429, retryAfter: 7 }],
  } as const;
  const { simulator, admin } = await aCloud(t, faulty(faults));
  const { status, headers } = await admin.nova('GET', '/servers');
  t.deepEqual([status, headers.get('retry-after')], [429, '7']);
  t.is((await admin.placement('/resource_providers')).status, 200);
  t.is((await admin.nova('DELETE', '/servers/nothing')).status, 404);
  const tenant = await logIn(simulator, simulator.tenantCredentials('demo'));
  t.is((await tenant.nova('GET', '/servers')).status, 200);
  t.is((await logIn(simulator, simulator.adminCredentials)).token.slice(0, 3), 'gAA');
});

test('Keystone may fail for the service alone, too', async (t) => {
  const faults = { http: [{ service: 'identity', rate: 1, kind: 'status' }] } as const;
  const { simulator, admin } = await aCloud(t, faulty(faults));
  t.is(admin.token, 'no token: 503');
  const tenant = await logIn(simulator, simulator.tenantCredentials('demo'));
  t.is((await tenant.nova('GET', '/servers')).status, 200);
});

test('a connection breaks before the request was carried out, or after', async (t) => {
  const broken = async (kind: 'reset' | 'reset-after') => {
    const faults = { http: [{ path: '/action$', rate: 1, kind }] } as const;
    const { simulator, admin, advance } = await aCloud(t, faulty(faults));
    const id = idOf(simulator, 'one');
    await t.throwsAsync(admin.migrate(id, 'gamma'), { instanceOf: TypeError });
    advance(10);
    t.is(simulator.log.of('fault')[0]?.what, kind);
    return (await admin.server(id)).status;
  };
  t.is(await broken('reset'), 'ACTIVE');
  t.is(await broken('reset-after'), 'VERIFY_RESIZE');
});

test('a slow answer is an answer', async (t) => {
  const faults = { http: [{ rate: 1, kind: 'slow', delayMs: 5 }] } as const;
  const { simulator, admin } = await aCloud(t, faulty(faults));
  t.is((await admin.nova('GET', '/servers')).status, 200);
  t.deepEqual([...new Set(simulator.log.of('fault').map(({ what }) => what))], ['slow']);
});

test('an answer that comes late is to something that was done at once', async (t) => {
  const faults = { http: [{ path: '/action$', rate: 1, kind: 'late', delayMs: 300 }] } as const;
  const { simulator, admin } = await aCloud(t, faulty(faults));
  const id = idOf(simulator, 'one');
  const asked = performance.now();
  const answer = admin.migrate(id, 'gamma');
  while (simulator.log.of('move-begun').length === 0) await new Promise((resolve) => setImmediate(resolve));
  const begun = performance.now();
  t.is((await answer).status, 202);
  t.true(performance.now() - asked >= 290);
  t.true(begun - asked < performance.now() - asked);
});

test('another plan takes the place of the first one, and can be taken back', async (t) => {
  const first = { http: [{ path: '/servers', rate: 1, kind: 'status', status: 500 }] } as const;
  const { simulator, admin } = await aCloud(t, faulty(first));
  const status = async () => (await admin.nova('GET', '/servers')).status;
  const usual = simulator.faults;
  const statuses = [await status()];
  simulator.setFaults({ ...usual, http: [{ service: 'compute', rate: 1, kind: 'status', status: 429 }] });
  statuses.push(await status());
  simulator.setFaults({});
  statuses.push(await status());
  simulator.setFaults(usual);
  t.deepEqual([...statuses, await status()], [500, 429, 200, 500]);
});

test('a rate hits that part of the calls, the same ones with the same seed whatever happens between them', async (t) => {
  const plan = (seed: number) =>
    ({ seed, http: [{ path: '/servers', rate: 0.3, kind: 'status', status: 500 }] }) as const;
  const statuses = async (seed: number, between: boolean) => {
    const { admin } = await aCloud(t, faulty(plan(seed)));
    const found: number[] = [];
    for (let call = 0; call < 60; call += 1) {
      if (between) await admin.nova('GET', '/flavors/detail');
      found.push((await admin.nova('GET', '/servers')).status);
    }
    return found;
  };
  const first = await statuses(1, false);
  const failed = first.filter((status) => status === 500).length;
  t.true(failed >= 9 && failed <= 27, `${failed} of 60`);
  t.deepEqual(await statuses(1, true), first);
  t.notDeepEqual(await statuses(2, false), first);
});

test('a move breaks off and leaves its instance as it was, or in ERROR; Placement is as before', async (t) => {
  for (const [fault, status] of [
    ['fail', 'ACTIVE'],
    ['error', 'ERROR'],
  ] as const) {
    const { simulator, admin, advance } = await aCloud(t, faulty({ moves: { [fault]: 1 } }));
    const [cold, live] = [idOf(simulator, 'one'), idOf(simulator, 'three')];
    await admin.migrate(cold, 'gamma');
    const body = { 'os-migrateLive': { host: 'gamma', block_migration: 'auto' } };
    await admin.nova('POST', `/servers/${live}/action`, { body, version: '2.68' });
    advance(20);
    for (const [id, host] of [
      [cold, 'alpha'],
      [live, 'beta'],
    ] as const) {
      t.like(await admin.server(id), { status, 'OS-EXT-SRV-ATTR:host': host, 'OS-EXT-STS:task_state': null });
      t.is(simulator.cloud.allocations.of(id)?.host, host);
    }
    t.is(simulator.cloud.allocations.used('gamma').vcpus, 0);
    t.deepEqual(
      simulator.log.of('move-ended').map(({ outcome }) => outcome),
      ['error', 'error'],
    );
  }
});

test('a stuck move never ends, but a live one can be aborted', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, faulty({ moves: { stuck: 1 } }));
  const [cold, live] = [idOf(simulator, 'one'), idOf(simulator, 'three')];
  await admin.migrate(cold, 'gamma');
  const body = { 'os-migrateLive': { host: 'gamma', block_migration: 'auto' } };
  await admin.nova('POST', `/servers/${live}/action`, { body, version: '2.68' });
  advance(86_400);
  t.is((await admin.server(cold)).status, 'RESIZE');
  const [running] = (await admin.nova('GET', `/servers/${live}/migrations`, { version: '2.65' })).body.migrations;
  t.is(running.status, 'running');
  await admin.nova('DELETE', `/servers/${live}/migrations/${running.id}`, { version: '2.65' });
  t.is((await admin.server(live)).status, 'ACTIVE');
  t.deepEqual(simulator.report().violations, []);
});

test('a move may land elsewhere than it was sent', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, faulty({ moves: { elsewhere: 1 } }));
  const id = idOf(simulator, 'one');
  await admin.migrate(id, 'gamma');
  advance(10);
  t.like(await admin.server(id), { status: 'VERIFY_RESIZE', 'OS-EXT-SRV-ATTR:host': 'beta' });
});

test('an alarm gets lost on its way to the manager', async (t) => {
  const { simulator, answers, send, advance } = await aMaintainedCloud(
    t,
    {},
    { topology: { faults: { lostAlarms: 1 } } },
  );
  await send('MAINTENANCE', ['one']);
  advance(60);
  t.is(answers().length, 0);
  t.is(simulator.log.of('alarm-post')[0]?.status, null);
});
