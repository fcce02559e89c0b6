import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { NOTICE_STATES } from '../../src/model/index.js';
import { TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';

const sqlite = databaseKinds[0] as DatabaseKind;
const RUNS = { numRuns: 300 };

/** Any JSON, with the keys of a body more often than not, and sometimes with values that are right. */
function bodyWith(good: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const anything = fc.jsonValue({ maxDepth: 3 });
  // So much more often right that among a few hundred bodies some are good as a whole.
  const value = (right: fc.Arbitrary<unknown>) => fc.oneof({ weight: 5, arbitrary: right }, anything);
  const fields = Object.fromEntries(Object.entries(good).map(([key, right]) => [key, value(right)]));
  return fc.oneof({ weight: 4, arbitrary: fc.record(fields, { requiredKeys: [] }) }, anything);
}

/** `send` itself throws on a 500. */
async function neverFails(
  t: ExecutionContext,
  bodies: fc.Arbitrary<unknown>,
  ask: (body: unknown) => Promise<number>,
): Promise<void> {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      seen.add(await ask(body));
    }),
    RUNS,
  );
  t.true(
    [...seen].every((status) => [200, 400, 422].includes(status)),
    [...seen].join(),
  );
  t.true(seen.has(400) && seen.has(200), 'both good and bad ones were among them');
}

test('no JSON makes POST fail, and what is refused is not stored', async (t) => {
  const api = await TestApi.start(t, sqlite);
  let made = 0;
  const bodies = bodyWith({
    maintenance_at: fc.constant('2026-01-01 12:00:00'),
    workflow: fc.constantFrom('default', 'vnf'),
    hosts: fc.constant([]),
    metadata: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
    actions: fc.array(fc.record({ plugin: fc.constant('noop'), type: fc.constant('host') }), { maxLength: 2 }),
    limits: fc.constant({}),
  });
  await neverFails(t, bodies, async (body) => {
    const { status } = await api.post(JSON.stringify(body));
    if (status === 200) made += 1;
    return status;
  });
  t.is((await api.repositories.sessions.ids()).length, made);
});

test('no JSON makes a reply fail', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const session = await api.session(
    ['i'],
    [{ state: 'PLANNED_MAINTENANCE', instanceIds: ['i'], allowedActions: ['MIGRATE'] }],
  );
  const states = NOTICE_STATES.flatMap((state) => [`ACK_${state}`, `NACK_${state}`]);
  const bodies = bodyWith({
    state: fc.constantFrom(...states),
    instance_actions: fc.dictionary(fc.constantFrom('i', 'j', '__proto__'), fc.constantFrom('MIGRATE', 'x')),
    instance_action: fc.constantFrom('MIGRATE', null),
    ignored: fc.jsonValue(),
  });
  await neverFails(t, bodies, async (body) => {
    const answer = await api.reply(session, JSON.stringify(body));
    if (answer.status === 200) t.is(answer.text, JSON.stringify(JSON.parse(JSON.stringify(body))), 'echoed');
    return answer.status;
  });
});

test('no JSON makes a PUT of constraints fail', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const table = 'max_number_of_impacted_instances';
  const instance = {
    lead_time: fc.constantFrom(1, '60,', ' 7 '),
    resource_mitigation: fc.constantFrom(true, 'False'),
    supported_migration_type: fc.array(fc.constantFrom('MIGRATE', 'no_migration'), { minLength: 1 }),
    impact_notification_lead_time: fc.constantFrom(0.5, '2 min'),
    group_id: fc.string({ maxLength: 64 }),
    ignored: fc.jsonValue(),
  };
  const group = {
    recovery_time: fc.constantFrom(1, '60,'),
    notify_states: fc.constant([]),
    [table]: fc.array(fc.record({ [table]: fc.nat() }), { maxLength: 1 }),
    group_name: fc.string(),
  };
  for (const [path, good] of [
    ['/v1/instance/i', instance],
    ['/v1/instance_group/g', group],
  ] as const) {
    await neverFails(t, bodyWith(good), async (body) => {
      const answer = await api.send('PUT', path, { token: 'member', body: JSON.stringify(body) });
      if (answer.status === 200) {
        t.deepEqual((await api.send('GET', path, { token: 'member' })).json, answer.json);
        const again = await api.send('PUT', path, { token: 'member', body: answer.json });
        t.deepEqual(again.json, answer.json, 'what was answered can be put again');
      }
      return answer.status;
    });
  }
});

test('no path makes a request fail', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const { sessionId } = await api.session([]);
  const word = fc.oneof(
    fc.constantFrom(
      'maintenance',
      'instance',
      'instance_group',
      sessionId,
      TENANT,
      'detail',
      '',
      '.',
      '..',
      '%00',
      '%2e%2e',
      '%ff',
      '*',
      '__proto__',
    ),
    fc.webSegment(),
  );
  const paths = fc.array(word, { maxLength: 6 }).map((words) => ['/v1', ...words].join('/'));
  await fc.assert(
    fc.asyncProperty(paths, fc.constantFrom('GET', 'PUT', 'POST', 'PATCH', 'HEAD'), async (path, method) => {
      const { status } = await api.send(method, path, { token: 'admin' });
      return status === 200 || (status >= 400 && status < 500);
    }),
    RUNS,
  );
  t.pass();
});
