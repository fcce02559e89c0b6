import test from 'ava';
import { judge, type LogEntry, type LogEvent, type Rule, type Topology } from '../../src/simulator/index.js';
import { aCloud, aSmallTopology, idOf, logIn } from '../support/simulator.js';

const SIZE = { vcpus: 2, memoryMb: 4096, diskGb: 20 };
const claim = (instanceId: string, host: string): LogEvent => ({
  kind: 'claim',
  consumer: `${instanceId}@${host}`,
  instanceId,
  host,
  resources: SIZE,
});
const begun = (migrationId: number, type: 'migration' | 'resize' = 'migration'): LogEvent => ({
  kind: 'move-begun',
  migrationId,
  instanceId: 'a',
  type,
  from: 'h1',
  byProjectId: 'admin',
});
const ended = (migrationId: number, type: 'migration' | 'resize' = 'migration'): LogEvent => ({
  kind: 'move-ended',
  migrationId,
  instanceId: 'a',
  type,
  outcome: 'confirmed',
  byProjectId: 'admin',
});
const state = (instanceId: string, inService: boolean): LogEvent => ({
  kind: 'state',
  instanceId,
  host: 'h1',
  status: inService ? 'ACTIVE' : 'RESIZE',
  taskState: null,
  inService,
});
const service = (enabled: boolean): LogEvent => ({ kind: 'service', host: 'h2', enabled, reason: null });
const scheduled: LogEvent = { kind: 'move-scheduled', migrationId: 1, instanceId: 'a', to: 'h2' };

/** Two hosts with room for two each; a and b of one group that must not share a host, one of which may be out. */
const BEGINNING: readonly LogEvent[] = [
  { kind: 'host', host: 'h1', capacity: { vcpus: 4, memoryMb: 8192, diskGb: 40 }, enabled: true },
  { kind: 'host', host: 'h2', capacity: { vcpus: 4, memoryMb: 8192, diskGb: 40 }, enabled: true },
  {
    kind: 'group',
    groupId: 'g',
    name: 'app',
    policy: 'anti-affinity',
    maxOutOfService: 1,
    maxImpacted: null,
    recoveryTime: null,
  },
  ...['a', 'b'].map(
    (id): LogEvent => ({ kind: 'instance-added', instanceId: id, name: `vm-${id}`, projectId: 'p', groupId: 'g' }),
  ),
  ...['c', 'd'].map(
    (id): LogEvent => ({ kind: 'instance-added', instanceId: id, name: `vm-${id}`, projectId: 'p', groupId: null }),
  ),
];

function rules(events: readonly LogEvent[]): Rule[] {
  const entries = [...BEGINNING, ...events].map(
    (event, second): LogEntry => ({ ...event, at: new Date(second * 1000) }),
  );
  return judge(entries).violations.map(({ rule }) => rule);
}

const HISTORIES: readonly (readonly [string, readonly LogEvent[], readonly Rule[]])[] = [
  ['a quiet cloud breaks no rule', [claim('a', 'h1'), claim('b', 'h2')], []],
  [
    'a third instance where two fit is over capacity',
    [claim('a', 'h1'), claim('c', 'h1'), claim('d', 'h1')],
    ['over-capacity'],
  ],
  [
    'room that was given back may be taken again',
    [
      claim('a', 'h1'),
      claim('c', 'h1'),
      { kind: 'release', consumer: 'c@h1', instanceId: 'c', host: 'h1' },
      claim('d', 'h1'),
    ],
    [],
  ],
  [
    'two members on one host break anti-affinity, in transit too',
    [claim('a', 'h1'), claim('a', 'h2'), claim('b', 'h2')],
    ['anti-affinity'],
  ],
  ['a move within a move is one too many', [begun(1), begun(2), ended(1), ended(2)], ['two-moves']],
  ['one move after another is fine here', [begun(1), ended(1), begun(2), ended(2)], []],
  ['a move that nobody confirmed is left behind', [begun(1)], ['left-unconfirmed']],
  ["an owner's open resize is not", [begun(1, 'resize')], []],
  ["to confirm another's resize is a violation", [begun(1, 'resize'), ended(1, 'resize')], ['tenants-resize']],
  ["so is to move during another's resize", [begun(1, 'resize'), begun(2), ended(2)], ['tenants-resize']],
  ['a move onto a disabled host', [service(false), scheduled, service(true)], ['disabled-target']],
  ['a service disabled and left so', [service(false)], ['left-disabled']],
  [
    'one member out of service at a time',
    [state('a', true), state('b', true), state('a', false), state('a', true), state('b', false)],
    [],
  ],
  [
    'two members out of service at once',
    [state('a', true), state('b', true), state('a', false), state('b', false)],
    ['group-out-of-service'],
  ],
  ['a member that never served is not missed', [state('a', false), state('b', true), state('b', false)], []],
];

for (const [title, events, expected] of HISTORIES)
  test(`judging: ${title}`, (t) => {
    t.deepEqual(rules(events), expected);
  });

test('what the cloud lets happen the judge sees: a service left disabled, a move left unconfirmed, two members out', async (t) => {
  const { simulator, admin, advance } = await aCloud(t, aSmallTopology());
  const { serviceId } = simulator.cloud.hosts.get('beta') ?? { serviceId: '' };
  await admin.nova('PUT', `/os-services/${serviceId}`, { body: { status: 'disabled' }, version: '2.53' });
  await admin.migrate(idOf(simulator, 'one'), 'gamma');
  await admin.migrate(idOf(simulator, 'two'), 'gamma');
  advance(10);
  const { violations, moves } = simulator.report();
  t.deepEqual(
    violations.map(({ rule }) => rule),
    ['group-out-of-service', 'left-unconfirmed', 'left-unconfirmed', 'left-disabled'],
  );
  t.is(violations[0]?.sentence, 'two went RESIZE: of group app 1 may be out of service, now one, two are.');
  t.is(moves.size, 2);
});

test("a tenant's resize is open at the start, refuses moves, and only its owner may end it", async (t) => {
  const { projects, ...rest } = aSmallTopology();
  const resized: Topology = {
    ...rest,
    projects: projects.map((project) => ({
      ...project,
      instances: (project.instances ?? []).map((instance) =>
        instance.name === 'three' ? { ...instance, resizedFrom: 'gamma' } : instance,
      ),
    })),
  };
  const { simulator, admin, advance } = await aCloud(t, resized);
  const id = idOf(simulator, 'three');
  t.is((await admin.server(id)).status, 'VERIFY_RESIZE');
  t.is((await admin.migrate(id, 'gamma')).status, 409);
  t.deepEqual(simulator.report().violations, []);
  const demo = await logIn(simulator, simulator.tenantCredentials('demo'));
  await demo.nova('POST', `/servers/${id}/action`, { body: { confirmResize: null } });
  advance(5);
  t.is((await admin.server(id)).status, 'ACTIVE');
  t.deepEqual(simulator.report().violations, []);
});
