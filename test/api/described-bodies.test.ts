import test from 'ava';
import fc from 'fast-check';
import { TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { DOCUMENT, resolved } from '../support/api-document.js';
import { bodiesOf, mutationsOf, type Overrides, type Schema } from '../support/schema-bodies.js';

/*
 * What the OpenAPI document allows is accepted, and what it forbids is refused by name. FENIX_SEEDS=7 replays a run,
 * FENIX_SEEDS=1-50 makes a long one.
 */
const sqlite = databaseKinds[0] as DatabaseKind;
const [first = 1, last = first] = (process.env.FENIX_SEEDS ?? '1').split('-').map(Number);
const BODIES = 60;
const ID = 'aaaaaaaa-0000-4000-8000-000000000000';

interface Described {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  /** `{session_id}` stands for a session with an open notice. */
  readonly target: string;
  readonly token: 'admin' | 'member';
  /** What the world says to a good body, besides 200. */
  readonly elseStatus?: readonly number[];
  readonly overrides: Overrides;
}

const name = fc.uuid();
const words = fc.constantFrom('MIGRATE', 'LIVE_MIGRATE');

const OPERATIONS: readonly Described[] = [
  {
    method: 'POST',
    path: '/v1/maintenance',
    target: '/v1/maintenance',
    token: 'admin',
    overrides: {
      // No two sessions may have a host.
      'hosts[]': name,
      metadata: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom(1, 'x', true, null)),
      'actions[].plugin': fc.constant('noop'),
      'actions[].name': name,
      actions: fc.array(
        fc.record(
          {
            plugin: fc.constant('noop'),
            type: fc.constantFrom('pre', 'host'),
            name,
            order: fc.integer({ min: -5, max: 5 }),
          },
          { requiredKeys: ['plugin', 'type', 'name'] },
        ),
        { maxLength: 3 },
      ),
      download: fc.constant([]),
    },
  },
  {
    method: 'PUT',
    path: '/v1/maintenance/{session_id}',
    target: '/v1/maintenance/{session_id}',
    token: 'admin',
    elseStatus: [422],
    overrides: {},
  },
  {
    method: 'POST',
    path: '/v1/maintenance/{session_id}/action',
    target: '/v1/maintenance/{session_id}/action',
    token: 'admin',
    elseStatus: [409, 422],
    overrides: {
      'add_hosts.hosts[]': name,
    },
  },
  ...['', `/${ID}`].map((below) => ({
    method: 'PUT' as const,
    path: `/v1/maintenance/{session_id}/{project_id}${below && '/{instance_id}'}`,
    target: `/v1/maintenance/{session_id}/${TENANT}${below}`,
    token: 'member' as const,
    overrides: { instance_action: words, instance_actions: fc.dictionary(fc.constantFrom(ID, 'other'), words) },
  })),
  {
    method: 'PUT',
    path: '/v1/instance/{instance_id}',
    target: `/v1/instance/${ID}`,
    token: 'member',
    overrides: { instance_id: fc.constantFrom(ID, null) },
  },
  {
    method: 'PUT',
    path: '/v1/instance_group/{group_id}',
    target: '/v1/instance_group/g',
    token: 'member',
    overrides: {
      group_id: fc.constantFrom('g', null),
      ...Object.fromEntries(
        ['max_number_of_impacted_instances', 'min_number_of_preserved_instances'].map((key) => [
          key,
          fc.uniqueArray(fc.record({ group_size: fc.integer({ min: 1, max: 9 }), [key]: fc.nat() }), {
            maxLength: 3,
            selector: ({ group_size: size }) => size,
          }),
        ]),
      ),
    },
  },
];

test('every body that the OpenAPI document describes is tried', (t) => {
  const withBody = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { requestBody }]) =>
      requestBody ? [`${method.toUpperCase()} ${path}`] : [],
    ),
  );
  t.deepEqual(OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort(), withBody.sort());
});

for (const { method, path, target, token, elseStatus = [], overrides } of OPERATIONS) {
  test(`${method} ${path} takes what is described, and refuses by name what has one thing wrong`, async (t) => {
    const api = await TestApi.start(t, sqlite);
    const notice = {
      state: 'PLANNED_MAINTENANCE',
      instanceIds: [ID],
      allowedActions: ['MIGRATE', 'LIVE_MIGRATE'],
    } as const;
    const { sessionId } = await api.session([ID], [notice, { ...notice, noticeId: 2, instanceId: ID }]);
    const real = target.replace('{session_id}', sessionId);
    const operation = DOCUMENT.paths[path]?.[method.toLowerCase()];
    const schema = resolved(operation?.requestBody?.content['application/json'].schema) as Schema;
    const send = (body: unknown) => api.send(method, real, { token, body: JSON.stringify(body) });
    let [good, bad] = [0, 0];
    for (let seed = first; seed <= last; seed += 1) {
      await fc.assert(
        fc.asyncProperty(bodiesOf(schema, overrides), fc.nat(), async (body, pick) => {
          const answer = await send(body);
          t.true([200, ...elseStatus].includes(answer.status), `${JSON.stringify(body)}: ${answer.text}`);
          good += 1;
          const mutations = mutationsOf(schema, body);
          const mutation = mutations[pick % Math.max(1, mutations.length)];
          if (mutation === undefined) return;
          const refused = await send(mutation.body);
          const said = [refused.status, refused.json.field];
          t.deepEqual(said, [400, mutation.field], `${JSON.stringify(mutation.body)}: ${refused.text}`);
          bad += 1;
        }),
        { seed, numRuns: BODIES, endOnFailure: true },
      );
    }
    t.true(bad > good / 3);
    t.log(`seeds ${first} to ${last}: ${good} bodies accepted, ${bad} refused`);
  });
}
