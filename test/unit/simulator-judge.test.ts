import test from 'ava';
import {
  type JudgeOptions,
  judge,
  type LogEntry,
  type LogEvent,
  type Rule,
  type Topology,
} from '../../src/simulator/index.js';
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
  excused: false,
});
const service = (enabled: boolean, reason = 'fenix s', byService = true): LogEvent => ({
  kind: 'service',
  host: 'h2',
  enabled,
  reason: enabled ? null : reason,
  byService,
});
const scheduled: LogEvent = { kind: 'move-scheduled', migrationId: 1, instanceId: 'a', to: 'h2' };

/** Two hosts with room for two each; a and b of one group that must not share a host, one of which may be out. */
const BEGINNING: readonly LogEvent[] = [
  { kind: 'host', host: 'h1', capacity: { vcpus: 4, memoryMb: 8192, diskGb: 40 }, enabled: true, reason: null },
  { kind: 'host', host: 'h2', capacity: { vcpus: 4, memoryMb: 8192, diskGb: 40 }, enabled: true, reason: null },
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

const recovering = (seconds: number): readonly LogEvent[] => [
  { kind: 'group', groupId: 'r', name: 'rest', policy: null, maxOutOfService: null, maxImpacted: 1, recoveryTime: 5 },
  ...['e', 'f', 'g'].map(
    (id): LogEvent => ({ kind: 'instance-added', instanceId: id, name: `vm-${id}`, projectId: 'p', groupId: 'r' }),
  ),
  ...['e', 'f', 'g'].map((id) => state(id, true)),
  ...move('e', 7),
  // One event a second.
  ...Array.from({ length: seconds }, () => state('a', true)),
];
const move = (instanceId: string, migrationId: number, outcome = 'confirmed'): readonly LogEvent[] => [
  { kind: 'move-begun', migrationId, instanceId, type: 'migration', from: 'h1', byProjectId: 'admin' },
  { kind: 'move-scheduled', migrationId, instanceId, to: 'h2' },
  { kind: 'move-ended', migrationId, instanceId, type: 'migration', outcome, byProjectId: 'admin' },
];

const power = (on: boolean, byService = true): LogEvent => ({ kind: 'power', instanceId: 'c', on, byService });

function rules(events: readonly LogEvent[], options: JudgeOptions = {}): Rule[] {
  const entries = [...BEGINNING, ...events].map(
    (event, second): LogEntry => ({ ...event, at: new Date(second * 1000) }),
  );
  return judge(entries, options).violations.map(({ rule }) => rule);
}

test('to stop a server is a violation unless it may be, and to leave it stopped even then', (t) => {
  const mayStop = ['vm-c'];
  t.deepEqual(rules([power(false), power(true)]), ['stopped']);
  t.deepEqual(rules([power(false), power(true)], { mayStop }), []);
  t.deepEqual(rules([power(false), power(true)], { mayStop: ['vm-d'] }), ['stopped']);
  t.deepEqual(rules([power(false)], { mayStop }), ['left-stopped']);
  t.deepEqual(rules([power(false), power(true), power(false)], { mayStop }), ['left-stopped']);
  t.deepEqual(rules([power(false)], { mayStop, mayStayStopped: ['vm-c'] }), []);
  t.deepEqual(rules([power(false), { kind: 'instance-gone', instanceId: 'c' }], { mayStop }), []);
  t.deepEqual(rules([power(false, false)]), [], 'its owner');
});

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
    [claim('a', 'h1'), claim('b', 'h2'), claim('a', 'h2')],
    ['anti-affinity'],
  ],
  ['where a new member begins is no move of ours', [claim('a', 'h1'), claim('b', 'h1')], []],
  ['a move within a move is one too many', [begun(1), begun(2), ended(1), ended(2)], ['two-moves']],
  ['one move after another is fine here', [begun(1), ended(1), begun(2), ended(2)], []],
  ['a move that nobody confirmed is left behind', [begun(1)], ['left-unconfirmed']],
  ["a move whose host died is nobody's", [begun(1), { kind: 'host-state', host: 'h1', up: false }], []],
  ["a move whose target died is nobody's", [begun(1), scheduled, { kind: 'host-state', host: 'h2', up: false }], []],
  [
    "a move whose host is back is somebody's again",
    [begun(1), { kind: 'host-state', host: 'h1', up: false }, { kind: 'host-state', host: 'h1', up: true }],
    ['left-unconfirmed'],
  ],
  ["an owner's open resize is not", [begun(1, 'resize')], []],
  ["to confirm another's resize is a violation", [begun(1, 'resize'), ended(1, 'resize')], ['tenants-resize']],
  ["so is to move during another's resize", [begun(1, 'resize'), begun(2), ended(2)], ['tenants-resize']],
  ['a move onto a disabled host', [service(false), scheduled, service(true)], ['disabled-target']],
  ['a service disabled and left so', [service(false)], ['left-disabled']],
  ['what others disabled may stay so', [service(false, 'broken fan', false)], []],
  [
    'a new service is nobody else’s',
    [service(false, 'New compute service disabled due to …', false), service(true)],
    [],
  ],
  ['but is not to be enabled', [service(false, 'broken fan', false), service(true)], ['enabled-others']],
  ['what an earlier session left is', [service(false, 'fenix other', false), service(true)], []],
  ['the next member moves when the last one has recovered', [...recovering(4), ...move('f', 8)], []],
  ['and not before', [...recovering(3), ...move('f', 8)], ['recovery-time']],
  ['a place is its own: the same member may move again', [...recovering(0), ...move('e', 8)], []],
  [
    'a move that the scheduler refused leaves nothing to recover from',
    [...recovering(4), ...move('f', 8).filter(({ kind }) => kind !== 'move-scheduled'), ...move('g', 9)],
    [],
  ],
  [
    'two members on the move at once',
    [...recovering(9), ...move('f', 8).slice(0, 2), ...move('g', 9)].concat(move('f', 8).slice(2)),
    ['max-impacted'],
  ],
  [
    'a member in ERROR takes the place, once that can be known',
    [
      ...recovering(0),
      { ...state('f', false), status: 'ERROR' } as LogEvent,
      ...recovering(6).slice(-6),
      ...move('g', 9),
    ],
    ['max-impacted'],
  ],
  [
    'members on a host that is down take places, and bringing them back takes none',
    [
      ...recovering(9),
      { kind: 'host-state', host: 'h1', up: false },
      ...recovering(6).slice(-6),
      ...move('f', 8),
      ...move('g', 9).map((event) => ('type' in event ? { ...event, type: 'evacuation' } : event) as LogEvent),
    ],
    ['max-impacted'],
  ],
  [
    "a stuck move is nobody's fault",
    [begun(1), { kind: 'fault', what: 'stuck', method: null, path: null, instanceId: 'a', migrationId: 1 }],
    [],
  ],
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

test('a host whose action failed may stay disabled, and who was moved twice is named', (t) => {
  const events: readonly LogEvent[] = [...BEGINNING, service(false), ...move('a', 1), ...move('a', 2)];
  const entries = events.flatMap((event): LogEvent[] =>
    event.kind === 'move-ended'
      ? [event, { kind: 'move-arrived', migrationId: event.migrationId, instanceId: 'a', to: 'h2' }]
      : [event],
  );
  const log = entries.map((event, second): LogEntry => ({ ...event, at: new Date(second * 1000) }));
  t.deepEqual(
    judge(log).violations.map(({ rule }) => rule),
    ['disabled-target', 'disabled-target', 'left-disabled'],
  );
  const { violations, movedTwice } = judge(log, { mayStayDisabled: ['h2'] });
  t.deepEqual([violations.length, movedTwice], [2, ['a']]);
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
