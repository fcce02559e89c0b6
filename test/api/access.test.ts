import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { Repositories } from '../../src/db/repositories.js';
import { keystoneAuth } from '../../src/keystone-auth-middleware/index.js';
import type { Session } from '../../src/model/index.js';
import { PLUGINS, policyOf, STRANGER, TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { DOCUMENT } from '../support/api-document.js';
import { type DoubleToken, KeystoneDouble } from '../support/keystone.js';
import { SteppedMachineClock } from '../support/stepped-machine-clock.js';

const ADMIN_PROJECT = '0c'.repeat(16);
const REVOCATION_INTERVAL_S = 60;

/** The tokens that Keystone knows. */
const TOKENS = {
  admin: { projectId: ADMIN_PROJECT, roles: ['admin', 'member', 'reader'] },
  shoutingAdmin: { projectId: ADMIN_PROJECT, roles: ['Admin'] },
  systemAdmin: { projectId: null, roles: ['admin'] },
  systemReader: { projectId: null, roles: ['reader'] },
  member: { projectId: TENANT, roles: ['member', 'reader'] },
  legacy: { projectId: TENANT, roles: ['_member_'] },
  reader: { projectId: TENANT, roles: ['reader'] },
  stranger: { projectId: STRANGER, roles: ['member', 'reader'] },
  unscoped: { projectId: undefined, roles: [] },
  expired: { projectId: ADMIN_PROJECT, roles: ['admin'], expired: true },
  revoked: { projectId: ADMIN_PROJECT, roles: ['admin'], userId: 'somebody-else' },
} as const satisfies Record<string, DoubleToken>;

type Caller = keyof typeof TOKENS | 'nobody' | 'forged';
const CALLERS = ['nobody', 'forged', ...Object.keys(TOKENS)] as Caller[];
type Statuses = Readonly<Record<Caller, number>>;

const unauthenticated = { nobody: 401, forged: 401, expired: 401, revoked: 401 };
const everybody = Object.fromEntries(CALLERS.map((caller) => [caller, 200])) as Statuses;
const refused: Statuses = {
  ...(Object.fromEntries(CALLERS.map((caller) => [caller, 403])) as Statuses),
  ...unauthenticated,
};
const admins = (status: number): Statuses => ({
  ...refused,
  admin: status,
  shoutingAdmin: status,
  systemAdmin: status,
});
const adminOnly = admins(200);
const projectReads: Statuses = { ...adminOnly, member: 200, legacy: 200, reader: 200 };
const projectAnswers: Statuses = { ...projectReads, reader: 403 };
/** The tenant's constraints: another project may ask, and is told that it has none. */
const ownerReads: Statuses = { ...projectReads, stranger: 404 };
/** Its own, whatever others have. */
const ownerWrites: Statuses = { ...projectAnswers, stranger: 200 };

/** What `enforce_new_defaults` changes. */
const systemReads = { systemReader: 200 };
const memberWrites = { legacy: 403 };

interface Row {
  /** `{sid}` stands for a session in which the tenant has one instance and an open notice. */
  readonly target: string;
  readonly body?: unknown;
  readonly expected: Statuses;
  readonly withNewDefaults?: Partial<Statuses>;
}

const INSTANCE = randomUUID();
const reply = { state: 'ACK_MAINTENANCE' };
const session = '/v1/maintenance/{sid}';
const adminReads = { expected: adminOnly, withNewDefaults: systemReads };
const writes = { withNewDefaults: memberWrites };

/** By id of the operation in the OpenAPI document. */
const OPERATIONS: Readonly<Record<string, Row>> = {
  versions: { target: '/', expected: everybody },
  version: { target: '/v1', expected: everybody },
  openapi: { target: '/v1/openapi.json', expected: everybody },
  healthcheck: { target: '/healthcheck', expected: everybody },
  createSession: { target: '/v1/maintenance', body: { maintenance_at: '2026-01-01 12:00:00' }, expected: adminOnly },
  listSessions: { target: '/v1/maintenance', ...adminReads },
  showSession: { target: session, ...adminReads },
  sessionDetail: { target: `${session}/detail`, ...adminReads },
  sessionHistory: { target: `${session}/history`, ...adminReads },
  sessionEvents: { target: `${session}/events`, ...adminReads },
  historyEvenDeleted: { target: '/v1/history?session_id={sid}', ...adminReads },
  listWorkflows: { target: '/v1/workflows', ...adminReads },
  listActions: { target: '/v1/actions', ...adminReads },
  listEngines: { target: '/v1/engines', ...adminReads },
  controlSession: { target: `${session}/action`, body: { pause: {} }, expected: adminOnly },
  // It has not failed: whoever may resume it finds that out.
  continueSession: { target: session, expected: admins(422) },
  deleteSession: { target: session, expected: adminOnly },
  projectInstances: { target: `${session}/${TENANT}`, expected: projectReads },
  projectReply: { target: `${session}/${TENANT}`, body: reply, expected: projectAnswers, ...writes },
  instanceReply: { target: `${session}/${TENANT}/${INSTANCE}`, body: reply, expected: projectAnswers, ...writes },
  putInstance: { target: `/v1/instance/${INSTANCE}`, body: {}, expected: ownerWrites, ...writes },
  showInstance: { target: `/v1/instance/${INSTANCE}`, expected: ownerReads },
  deleteInstance: { target: `/v1/instance/${INSTANCE}`, expected: ownerWrites, ...writes },
  putGroup: { target: '/v1/instance_group/group', body: {}, expected: ownerWrites, ...writes },
  showGroup: { target: '/v1/instance_group/group', expected: ownerReads },
  deleteGroup: { target: '/v1/instance_group/group', expected: ownerWrites, ...writes },
};

const described = Object.values(DOCUMENT.paths).flatMap((item) =>
  Object.entries(item).map(([method, { operationId }]) => ({ method: method.toUpperCase(), operationId })),
);

/** An API that asks a Keystone who somebody is; one of its tokens was good and was revoked since. */
async function anApi(t: ExecutionContext, kind: DatabaseKind, enforceNewDefaults: boolean): Promise<TestApi> {
  const { database, close } = await kind.open();
  t.teardown(close);
  const repositories = new Repositories(database);
  await repositories.engines.register({ engineId: 'engine', host: 'h', version: '1', plugins: PLUGINS }, 1000);
  const keystone = await KeystoneDouble.start(t, TOKENS);
  const clock = new SteppedMachineClock();
  const validator = keystone.validator({ revocationIntervalS: REVOCATION_INTERVAL_S }, clock);
  const api = await TestApi.on(
    t,
    repositories,
    {},
    {
      authenticate: keystoneAuth({ validator, wwwAuthenticateUri: keystone.url }),
      policy: policyOf({ enforceNewDefaults }),
    },
  );
  t.is((await api.send('GET', '/v1/maintenance', { token: 'revoked' })).status, 200, 'it was good once');
  keystone.revoked.add('revoked');
  keystone.events = [{ user_id: 'somebody-else', issued_before: '2026-01-01T00:30:00.000000Z' }];
  clock.aheadMs += REVOCATION_INTERVAL_S * 1000;
  return api;
}

/** The tenant's session and constraints, as they are before each request. */
async function prepared(t: ExecutionContext, api: TestApi): Promise<Session> {
  for (const path of [`/v1/instance/${INSTANCE}`, '/v1/instance_group/group']) {
    t.is((await api.send('PUT', path, { token: 'member', body: { project_id: 'as-before' } })).status, 200);
  }
  return api.session([INSTANCE], [{ instanceIds: [INSTANCE] }]);
}

/** Everything that a refused request, or another project's, must leave as it is. */
async function tenantsState(api: TestApi, session: Session): Promise<object> {
  const { instanceConstraints, groupConstraints, sessions } = api.repositories;
  return {
    sessions: (await sessions.ids()).length,
    replies: await api.stored(session),
    history: await api.history(session),
    instance: await instanceConstraints.get(INSTANCE, TENANT),
    group: await groupConstraints.get('group', TENANT),
  };
}

/** Answers without an end are left once they have begun. */
async function ask(url: string, method: string, caller: Caller, body: unknown): Promise<[number, Headers, string]> {
  const answer = await fetch(url, {
    method,
    headers: caller === 'nobody' ? {} : { 'X-Auth-Token': caller },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
    await answer.body?.cancel();
    return [answer.status, answer.headers, ''];
  }
  return [answer.status, answer.headers, await answer.text()];
}

test('every operation of the OpenAPI document is in the table of who may what', (t) => {
  t.deepEqual(Object.keys(OPERATIONS).sort(), described.map(({ operationId }) => operationId).sort());
});

for (const kind of databaseKinds) {
  for (const { method, operationId } of described) {
    test.serial(`${kind.name}: who may ${operationId}`, async (t) => {
      const { target, body, expected, withNewDefaults = {} } = OPERATIONS[operationId] as Row;
      for (const [enforceNewDefaults, statuses] of [
        [false, expected],
        [true, { ...expected, ...withNewDefaults }],
      ] as const) {
        const api = await anApi(t, kind, enforceNewDefaults);
        for (const caller of CALLERS) {
          const session = await prepared(t, api);
          const before = await tenantsState(api, session);
          const url = api.url + target.replace('{sid}', session.sessionId);
          const [status, headers, text] = await ask(url, method, caller, body);
          t.is(status, statuses[caller], `${caller}: ${text}`);
          t.is(headers.has('WWW-Authenticate'), status === 401);
          const isOthers = status !== 200 || caller === 'stranger';
          if (isOthers)
            t.deepEqual(await tenantsState(api, session), before, `${caller} changed nothing of the tenant's`);
        }
      }
    });
  }

  test.serial(
    `${kind.name}: the right comes before existence: others' paths are 403, one's own unknown ones 404`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const session = await api.session([INSTANCE]);
      const unknown = randomUUID();
      const cases: [string, string, number][] = [
        [`/v1/maintenance/${unknown}/${TENANT}`, 'member', 404],
        [`/v1/maintenance/${unknown}/${TENANT}`, 'stranger', 403],
        [`/v1/maintenance/${session.sessionId}/${STRANGER}`, 'stranger', 404],
        [`/v1/maintenance/${session.sessionId}/${STRANGER}`, 'admin', 404],
        [`/v1/maintenance/${session.sessionId}/${TENANT}/${randomUUID()}`, 'member', 404],
        [`/v1/maintenance/${session.sessionId}/${TENANT}/${randomUUID()}`, 'stranger', 403],
        [`/v1/maintenance/${session.sessionId}/${STRANGER}/${INSTANCE}`, 'stranger', 404],
        [`/v1/maintenance/not-a-session/${TENANT}`, 'member', 404],
        [`/v1/maintenance/${unknown}/nobody%00`, 'admin', 404],
      ];
      for (const [path, token, status] of cases) {
        const answer = await api.send('PUT', path, { token, body: reply });
        t.is(answer.status, status, `${token} ${path}: ${answer.text}`);
      }
      t.is((await api.send('GET', `/v1/maintenance/${unknown}`, { token: 'member' })).status, 403);
      t.is((await api.send('GET', `/v1/maintenance/${unknown}`, { token: 'admin' })).status, 404);
    },
  );
}
