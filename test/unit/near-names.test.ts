import test from 'ava';
import { SCHEMAS } from '../../src/api/schemas/index.js';
import { maintenanceShape } from '../../src/api/schemas/maintenance.js';
import { GROUP_KEYS, INSTANCE_KEYS } from '../../src/client/index.js';
import { thereAre } from '../../src/common/near-names.js';
import { schemaProblem } from '../../src/common/schema-problem.js';

test('of few names all are told, of many those that are most like it', (t) => {
  t.is(thereAre('x', []), 'there are none');
  t.is(thereAre('x', ['duration']), 'there is duration');
  t.is(thereAre('x', ['b', 'a']), 'there are b, a');
  t.is(
    thereAre('max_impacted_member', GROUP_KEYS),
    'the nearest are max_impacted_members, max_instances_per_host, group_name',
  );
});

test('an option of a session that is none is refused with those that there are', (t) => {
  const told = (more: object): string => {
    return t.throws(() => maintenanceShape({ maintenance_at: '2026-01-31 23:59:59', ...more })).message;
  };
  t.is(
    told({ limits: { host: 2 } }),
    'limits.host is not known here; there are hosts, controllers, migrations, migrations_per_host, per_zone.',
  );
  t.regex(
    told({ policy: { plugin_fail: 'ask' } }),
    /^policy\.plugin_fail is not known here; the nearest are plugin_failed, /,
  );
  t.regex(told({ metdata: {} }), /^metdata is not known here; the nearest are metadata, /);
  t.notThrows(() => maintenanceShape({ maintenance_at: '2026-01-31 23:59:59', metadata: { whatever: 1 } }));
});

test('an unknown key of a plug-in’s metadata is told with its known ones', (t) => {
  const schema = { type: 'object', properties: { duration: {}, fail: {} }, additionalProperties: false };
  t.deepEqual(schemaProblem(schema, { durations: 5 }), {
    field: 'durations',
    sentence: 'is not known here; there are duration, fail',
  });
});

test('the client knows the keys of constraints that the API reads, and no others', (t) => {
  t.deepEqual([...INSTANCE_KEYS].sort(), Object.keys(SCHEMAS.NewInstanceConstraints.properties).sort());
  t.deepEqual([...GROUP_KEYS].sort(), Object.keys(SCHEMAS.NewGroupConstraints.properties).sort());
});
