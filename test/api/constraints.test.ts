import { randomUUID } from 'node:crypto';
import test from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import { STRANGER, TENANT, TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';

const ID = 'aaaaaaaa-0000-4000-8000-000000000000';
const INSTANCE = `/v1/instance/${ID}`;
const GROUP = '/v1/instance_group/g';

const INSTANCE_DEFAULTS = {
  instance_id: ID,
  project_id: null,
  instance_name: null,
  group_id: null,
  max_interruption_time: 120,
  migration_type: 'MIGRATE',
  resource_mitigation: false,
  lead_time: 40,
};
const GROUP_DEFAULTS = {
  group_id: 'g',
  project_id: null,
  group_name: null,
  anti_affinity_group: false,
  max_instances_per_host: 0,
  max_impacted_members: 1,
  recovery_time: 0,
  resource_mitigation: false,
  notify_states: [],
};
const PRESERVED = [{ min_number_of_preserved_instances: 1 }, { group_size: 5, min_number_of_preserved_instances: 3 }];
const IMPACTED = [{ group_size: 3, max_number_of_impacted_instances: 1 }];

type Case = readonly [body: object, shown: object, stored: object];

/** A body, what differs from the defaults in the answer, and what the engine reads. */
const INSTANCES: readonly Case[] = [
  [{}, {}, { migrationTypes: ['MIGRATE'], leadTimeS: null, resourceMitigation: null, groupId: null }],
  [{ instance_id: ID, project_id: 'other', instance_name: 'vm-1' }, { project_id: 'other', instance_name: 'vm-1' }, {}],
  [{ migration_type: 'MIGRATION' }, {}, { migrationTypes: ['MIGRATE'] }],
  [{ migration_type: ' LIVE_MIGRATE,' }, { migration_type: 'LIVE_MIGRATE' }, { migrationTypes: ['LIVE_MIGRATE'] }],
  [{ migration_type: 'OWN_ACTION', x: 1 }, { migration_type: 'OWN_ACTION' }, { migrationTypes: ['OWN_ACTION'] }],
  [{ lead_time: '60,' }, { lead_time: 60 }, { leadTimeS: 60 }],
  [{ lead_time: 0 }, { lead_time: 0 }, { leadTimeS: 0 }],
  [{ lead_time: null, group_id: '' }, {}, { leadTimeS: null, groupId: null }],
  [{ max_interruption_time: ' 86400 ' }, { max_interruption_time: 86_400 }, { maxInterruptionTimeS: 86_400 }],
  [{ group_id: 'g,' }, { group_id: 'g' }, { groupId: 'g' }],
  [{ resource_mitigation: 'True' }, { resource_mitigation: true }, { resourceMitigation: true }],
  [{ resource_mitigation: 'false,' }, {}, { resourceMitigation: false }],
  [
    { lead_time: 5, impact_notification_lead_time: '2 min' },
    { lead_time: 120, impact_notification_lead_time: 120 },
    { leadTimeS: 120 },
  ],
  [
    { impact_notification_lead_time: '1500 ms' },
    { lead_time: 2, impact_notification_lead_time: 1.5 },
    { leadTimeS: 2 },
  ],
  [
    { resource_mitigation: true, is_impact_mitigation_requested: 'false' },
    { is_impact_mitigation_requested: false },
    { resourceMitigation: false },
  ],
  [
    { migration_type: 'OWN_ACTION', supported_migration_type: ['live_migration', 'OFFLINE_MIGRATION', 'MIGRATE'] },
    { migration_type: 'LIVE_MIGRATE', supported_migration_type: ['LIVE_MIGRATE', 'MIGRATE'] },
    { migrationTypes: ['LIVE_MIGRATE', 'MIGRATE'] },
  ],
  [
    { supported_migration_type: ['no_migration'] },
    { supported_migration_type: ['NO_MIGRATION'] },
    { migrationTypes: ['NO_MIGRATION'] },
  ],
  [
    { max_undetectable_interruption_time: '0.5 s' },
    { max_undetectable_interruption_time: 0.5 },
    { maxInterruptionTimeS: 120 },
  ],
];

const GROUPS: readonly Case[] = [
  [{}, {}, { maxImpactedMembers: 1, recoveryTimeS: 0, maxInstancesPerHost: 0, maxImpactedTable: [] }],
  [{ project_id: 'foreign', group_name: 'n' }, { project_id: 'foreign', group_name: 'n' }, { ownerProjectId: TENANT }],
  [{ anti_affinity_group: true }, { anti_affinity_group: true }, { antiAffinity: true, maxInstancesPerHost: 1 }],
  [
    { anti_affinity_group: 'true', max_instances_per_host: '2' },
    { anti_affinity_group: true, max_instances_per_host: 2 },
    { maxInstancesPerHost: 2 },
  ],
  [{ recovery_time: '60,' }, { recovery_time: 60 }, { recoveryTimeS: 60 }],
  [{ max_impacted_members: '0' }, { max_impacted_members: 0 }, { maxImpactedMembers: 0 }],
  [
    { recovery_time: 5, min_recovery_time_between_impacts: '1 h' },
    { recovery_time: 3600, min_recovery_time_between_impacts: 3600 },
    { recoveryTimeS: 3600 },
  ],
  [
    { notify_states: ['INSTANCE_ACTION_FAILED'] },
    { notify_states: ['INSTANCE_ACTION_FAILED'] },
    { notifyStates: ['INSTANCE_ACTION_FAILED'] },
  ],
  [
    { impact_notification_lead_time: 30, is_impact_mitigation_requested: true },
    { impact_notification_lead_time: 30, is_impact_mitigation_requested: true, resource_mitigation: true },
    { leadTimeS: 30, resourceMitigation: true },
  ],
  [
    { min_number_of_preserved_instances: PRESERVED, max_number_of_impacted_instances: IMPACTED },
    { min_number_of_preserved_instances: PRESERVED, max_number_of_impacted_instances: IMPACTED },
    {
      maxImpactedTable: [{ groupSize: 3, value: 1 }],
      minPreservedTable: [
        { groupSize: null, value: 1 },
        { groupSize: 5, value: 3 },
      ],
    },
  ],
  [
    { max_number_of_impacted_instances: [{ group_size: '3,', max_number_of_impacted_instances: '1' }] },
    { max_number_of_impacted_instances: IMPACTED },
    { maxImpactedTable: [{ groupSize: 3, value: 1 }] },
  ],
];

/** A body that is refused, with the field that is named. */
const REFUSED: readonly [path: string, body: unknown, field: string | undefined][] = [
  [INSTANCE, [], undefined],
  [INSTANCE, 'null', undefined],
  [INSTANCE, '{', undefined],
  [INSTANCE, { instance_id: randomUUID() }, 'instance_id'],
  [INSTANCE, { instance_id: 5 }, 'instance_id'],
  [`/v1/instance/${'x'.repeat(37)}`, {}, 'instance_id'],
  ['/v1/instance/a%00b', {}, 'instance_id'],
  ['/v1/instance/a%20', {}, 'instance_id'],
  [INSTANCE, { group_id: 'x'.repeat(65) }, 'group_id'],
  [INSTANCE, { group_id: 7 }, 'group_id'],
  [INSTANCE, { group_id: 'a\u0000b' }, 'group_id'],
  [INSTANCE, { project_id: 'x'.repeat(65) }, 'project_id'],
  [INSTANCE, { instance_name: 'x'.repeat(256) }, 'instance_name'],
  [INSTANCE, { max_interruption_time: -1 }, 'max_interruption_time'],
  [INSTANCE, { max_interruption_time: 86_401 }, 'max_interruption_time'],
  [INSTANCE, { max_interruption_time: 1.5 }, 'max_interruption_time'],
  [INSTANCE, { max_interruption_time: true }, 'max_interruption_time'],
  [INSTANCE, { lead_time: 'sixty' }, 'lead_time'],
  [INSTANCE, { lead_time: '60,,' }, 'lead_time'],
  [INSTANCE, { lead_time: '30 s' }, 'lead_time'],
  [INSTANCE, { lead_time: '0x10' }, 'lead_time'],
  [INSTANCE, { lead_time: [] }, 'lead_time'],
  [INSTANCE, { lead_time: '' }, 'lead_time'],
  [INSTANCE, { migration_type: 'NO_MIGRATION' }, 'migration_type'],
  [INSTANCE, { migration_type: 'migrate' }, 'migration_type'],
  [INSTANCE, { migration_type: 'toString' }, 'migration_type'],
  [INSTANCE, { resource_mitigation: 1 }, 'resource_mitigation'],
  [INSTANCE, { resource_mitigation: 'yes' }, 'resource_mitigation'],
  [INSTANCE, { impact_notification_lead_time: '30 lightyears' }, 'impact_notification_lead_time'],
  [INSTANCE, { impact_notification_lead_time: -1 }, 'impact_notification_lead_time'],
  [INSTANCE, { impact_notification_lead_time: '2 d' }, 'impact_notification_lead_time'],
  [INSTANCE, { supported_migration_type: [] }, 'supported_migration_type'],
  [INSTANCE, { supported_migration_type: 'MIGRATE' }, 'supported_migration_type'],
  [INSTANCE, { supported_migration_type: ['MIGRATE', 'WALK'] }, 'supported_migration_type[1]'],
  [INSTANCE, { max_undetectable_interruption_time: {} }, 'max_undetectable_interruption_time'],
  [GROUP, { group_id: 'h' }, 'group_id'],
  [`/v1/instance_group/${'x'.repeat(65)}`, {}, 'group_id'],
  [GROUP, { recovery_time: 'sixty' }, 'recovery_time'],
  [GROUP, { recovery_time: 86_401 }, 'recovery_time'],
  [GROUP, { max_impacted_members: -1 }, 'max_impacted_members'],
  [GROUP, { max_impacted_members: 2 ** 31 }, 'max_impacted_members'],
  [GROUP, { max_instances_per_host: null, anti_affinity_group: 'no' }, 'anti_affinity_group'],
  [GROUP, { notify_states: ['MAINTENANCE_DONE'] }, 'notify_states[0]'],
  [GROUP, { notify_states: 'INSTANCE_ACTION_FAILED' }, 'notify_states'],
  [GROUP, { max_number_of_impacted_instances: 2 }, 'max_number_of_impacted_instances'],
  [GROUP, { max_number_of_impacted_instances: [2] }, 'max_number_of_impacted_instances[0]'],
  [
    GROUP,
    { max_number_of_impacted_instances: [...IMPACTED, { group_size: 4 }] },
    'max_number_of_impacted_instances[1].max_number_of_impacted_instances',
  ],
  [
    GROUP,
    { max_number_of_impacted_instances: [...IMPACTED, ...IMPACTED] },
    'max_number_of_impacted_instances[1].group_size',
  ],
  [
    GROUP,
    { min_number_of_preserved_instances: [{ group_size: 0, min_number_of_preserved_instances: 1 }] },
    'min_number_of_preserved_instances[0].group_size',
  ],
];

const as = (token: string) => ({ token });

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: constraints come back with defaults filled in, as the engine reads them`, async (t) => {
    const api = await TestApi.start(t, kind);
    const { instanceConstraints, groupConstraints } = api.repositories;
    for (const [path, defaults, cases] of [
      [INSTANCE, INSTANCE_DEFAULTS, INSTANCES],
      [GROUP, GROUP_DEFAULTS, GROUPS],
    ] as const) {
      for (const [body, shown, stored] of cases) {
        const expected = { ...defaults, ...shown };
        const answer = await api.send('PUT', path, { token: 'member', body });
        t.deepEqual(answer.json, expected, JSON.stringify(body));
        t.deepEqual((await api.send('GET', path, as('member'))).json, expected, JSON.stringify(body));
        const read = path === GROUP ? groupConstraints.get('g', TENANT) : instanceConstraints.get(ID, TENANT);
        t.like(await read, { ownerProjectId: TENANT, byAdmin: false, ...stored }, JSON.stringify(body));
      }
    }
  });

  test.serial(`${kind.name}: ill-formed constraints are refused by name, and change nothing`, async (t) => {
    const api = await TestApi.start(t, kind);
    await api.send('PUT', INSTANCE, { token: 'member', body: { lead_time: 7 } });
    for (const [path, body, field] of REFUSED) {
      const answer = await api.send('PUT', path, { token: 'member', body });
      const { code, field: named } = answer.json;
      t.deepEqual([answer.status, code, named], [400, 'bad-request', field], `${path} ${JSON.stringify(body)}`);
    }
    t.is((await api.send('GET', INSTANCE, as('member'))).json.lead_time, 7);
    t.is((await api.send('GET', GROUP, as('member'))).status, 404);
  });

  test.serial(
    `${kind.name}: what was PUT last counts as a whole, for the project of the token whatever the body says`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const body = { group_name: 'mine', project_id: STRANGER, recovery_time: 60 };
      t.is((await api.send('PUT', GROUP, { token: 'member', body })).status, 200);
      t.is((await api.send('GET', GROUP, as('stranger'))).status, 404, 'the body names no owner');
      await api.send('PUT', GROUP, { token: 'stranger', body: { group_name: 'theirs' } });
      t.like((await api.send('GET', GROUP, as('reader'))).json, { group_name: 'mine', recovery_time: 60 });
      t.like((await api.send('GET', GROUP, as('stranger'))).json, { group_name: 'theirs', recovery_time: 0 });
      await api.send('PUT', GROUP, { token: 'legacy', body: { max_impacted_members: 3 } });
      t.deepEqual((await api.send('GET', GROUP, as('member'))).json, { ...GROUP_DEFAULTS, max_impacted_members: 3 });
      t.deepEqual((await api.send('DELETE', GROUP, as('stranger'))).json, {});
      t.is((await api.send('GET', GROUP, as('member'))).status, 200, "nobody deletes another's record");
      t.is((await api.send('GET', GROUP, as('stranger'))).status, 404);
    },
  );

  test.serial(
    `${kind.name}: an admin writes records of its own, sees the newest of others, and deletes them all`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const { instanceConstraints } = api.repositories;
      const put = async (token: string, seconds: number) => {
        api.clock.advanceTo(plusSeconds(api.clock.now(), 1));
        await api.send('PUT', INSTANCE, { token, body: { lead_time: seconds } });
      };
      const seen = async (token: string) => (await api.send('GET', INSTANCE, as(token))).json.lead_time;
      await put('stranger', 10);
      await put('member', 20);
      t.is(await seen('admin'), 20);
      await put('stranger', 10);
      t.is(await seen('admin'), 10);
      await put('admin', 5);
      await put('member', 20);
      t.is(await seen('admin'), 5, 'its own first');
      await put('unscopedAdmin', 6);
      t.is(await seen('unscopedAdmin'), 6);
      const records = await instanceConstraints.forInstances([ID, randomUUID()]);
      t.deepEqual(records.map(({ byAdmin, leadTimeS }) => `${leadTimeS} ${byAdmin}`).sort(), [
        '10 false',
        '20 false',
        '5 true',
        '6 true',
      ]);
      t.deepEqual((await api.send('DELETE', INSTANCE, as('admin'))).json, {});
      t.deepEqual(await instanceConstraints.forInstances([ID]), []);
    },
  );

  test.serial(
    `${kind.name}: any order will do: members before their group, groups gone before members, unknown ones deleted`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const body = { group_id: 'g', instance_name: 'vm' };
      t.is((await api.send('PUT', `/v1//instance/${ID}/`, { token: 'member', body })).status, 200);
      t.is((await api.send('PUT', GROUP, { token: 'member', body: {} })).status, 200);
      for (const path of [GROUP, GROUP, INSTANCE, INSTANCE, '/v1/instance/none', `/v1/instance/${'x'.repeat(300)}`]) {
        const answer = await api.send('DELETE', path, { token: 'member', headers: { 'content-length': '0' } });
        t.deepEqual([answer.status, answer.json], [200, {}], path);
      }
      t.is((await api.send('GET', INSTANCE, as('member'))).status, 404);
      t.is((await api.send('GET', '/v1/instance/a%00b', as('member'))).status, 404);
    },
  );

  test.serial(`${kind.name}: ten PUTs at once all succeed, of one object as of ten`, async (t) => {
    const api = await TestApi.start(t, kind);
    const ten = Array.from({ length: 10 }, (_, i) => i);
    const one = ten.map((i) => api.send('PUT', INSTANCE, { token: 'member', body: { lead_time: i } }));
    t.deepEqual(new Set((await Promise.all(one)).map(({ status }) => status)), new Set([200]));
    const stored = await api.repositories.instanceConstraints.forInstances([ID]);
    t.is(stored.length, 1);
    t.is(stored[0]?.record.lead_time, stored[0]?.leadTimeS, 'one of the ten, whole');
    const others = ten.map((i) => api.send('PUT', `/v1/instance_group/g${i}`, { token: 'member', body: {} }));
    t.deepEqual(new Set((await Promise.all(others)).map(({ status }) => status)), new Set([200]));
    t.is((await api.repositories.groupConstraints.forGroups(ten.map((i) => `g${i}`))).length, 10);
  });

  test.serial(`${kind.name}: each change is one line in the log, with what had to be converted`, async (t) => {
    const api = await TestApi.start(t, kind);
    await api.send('PUT', INSTANCE, { token: 'member', body: { lead_time: '60,', migration_type: 'MIGRATION' } });
    await api.send('PUT', GROUP, { token: 'member', body: { recovery_time: 60 } });
    await api.send('DELETE', GROUP, as('member'));
    const lines = api.log.filter(({ message }) => message.startsWith('constraints '));
    t.deepEqual(
      lines.map(({ level, message, fields: { request_id, ...fields } }) => ({ level, message, fields })),
      [
        {
          level: 'info',
          message: 'constraints stored',
          fields: {
            instance_id: ID,
            owner_project_id: TENANT,
            user_id: 'user-member',
            conversions: [
              { field: 'migration_type', from: 'MIGRATION', to: 'MIGRATE' },
              { field: 'lead_time', from: '60,', to: 60 },
            ],
          },
        },
        {
          level: 'info',
          message: 'constraints stored',
          fields: { group_id: 'g', owner_project_id: TENANT, user_id: 'user-member' },
        },
        {
          level: 'info',
          message: 'constraints deleted',
          fields: { group_id: 'g', owner_project_id: TENANT, user_id: 'user-member', removed: 1 },
        },
      ],
    );
  });
}

for (const kind of databaseKinds) {
  test.serial(
    `${kind.name}: who set and who deleted constraints stands in their history, once per decision`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const { constraintChanges } = api.repositories;
      const body = { lead_time: 7 };
      for (const _ of [1, 2]) await api.send('PUT', INSTANCE, { token: 'member', body });
      await api.send('PUT', INSTANCE, { token: 'member', body: { lead_time: 'soon' } });
      await api.send('PUT', GROUP, { token: 'stranger', body: {} });
      await api.send('DELETE', GROUP, as('member'));
      await api.send('DELETE', GROUP, as('stranger'));
      for (const _ of [1, 2]) await api.send('DELETE', INSTANCE, as('admin'));

      const [stored, deleted, ...more] = await constraintChanges.list(ID);
      t.deepEqual(more, []);
      const now = api.clock.now();
      t.like(stored, { kind: 'instance', objectId: ID, projectId: TENANT, at: now, what: 'constraints-stored' });
      t.like(stored?.details, { constraints: { ...INSTANCE_DEFAULTS, lead_time: 7 }, address: '127.0.0.1' });
      t.regex(String(stored?.details.request_id), /^req-/);
      t.like(deleted, { projectId: null, what: 'constraints-deleted' });
      t.like(deleted?.details, { removed: 1 });
      t.not(stored?.who, deleted?.who);
      const ofGroup = await constraintChanges.list('g');
      t.deepEqual(
        ofGroup.map(({ kind: of, projectId, what }) => [of, projectId, what]),
        [
          ['group', STRANGER, 'constraints-stored'],
          ['group', STRANGER, 'constraints-deleted'],
        ],
      );
    },
  );
}
