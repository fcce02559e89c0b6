import { randomUUID } from 'node:crypto';
import test from 'ava';
import { STRANGER, TENANT, TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';

const instanceId = randomUUID();
const reply = { state: 'ACK_MAINTENANCE' };
const CALLERS = ['', 'forged', 'admin', 'unscopedAdmin', 'member', 'legacy', 'reader', 'stranger', 'unscoped'] as const;
type Statuses = Readonly<Record<(typeof CALLERS)[number], number>>;

const NOBODY = { '': 401, forged: 401 };
const adminOnly: Statuses = {
  ...NOBODY,
  admin: 200,
  unscopedAdmin: 200,
  member: 403,
  legacy: 403,
  reader: 403,
  stranger: 403,
  unscoped: 403,
};
const projectReads: Statuses = { ...adminOnly, member: 200, legacy: 200, reader: 200 };
const projectAnswers: Statuses = { ...projectReads, reader: 403 };
const ownerWrites: Statuses = { ...projectAnswers, stranger: 200 };
/** There is nothing yet: whoever may look finds that out. */
const ownerReads: Statuses = {
  ...ownerWrites,
  admin: 404,
  unscopedAdmin: 404,
  member: 404,
  legacy: 404,
  reader: 404,
  stranger: 404,
};

/** Every endpoint; `sid` stands for a session in which the tenant has one instance and an open notice. */
const ENDPOINTS: readonly [method: string, path: string, body: unknown, expected: Statuses][] = [
  ['POST', '/v1/maintenance', { maintenance_at: '2026-01-01 12:00:00' }, adminOnly],
  ['GET', '/v1/maintenance', undefined, adminOnly],
  ['GET', '/v1/maintenance/sid', undefined, adminOnly],
  ['GET', '/v1/maintenance/sid/detail', undefined, adminOnly],
  ['GET', '/v1/maintenance/sid/history', undefined, adminOnly],
  ['GET', '/v1/history?session_id=sid', undefined, adminOnly],
  ['GET', '/v1/workflows', undefined, adminOnly],
  ['GET', '/v1/actions', undefined, adminOnly],
  ['GET', '/v1/engines', undefined, adminOnly],
  ['POST', '/v1/maintenance/sid/action', { pause: {} }, adminOnly],
  // It has not failed: whoever may resume it finds that out.
  ['PUT', '/v1/maintenance/sid', undefined, { ...adminOnly, admin: 422, unscopedAdmin: 422 }],
  ['DELETE', '/v1/maintenance/sid', undefined, adminOnly],
  ['GET', `/v1/maintenance/sid/${TENANT}`, undefined, projectReads],
  ['PUT', `/v1/maintenance/sid/${TENANT}`, reply, projectAnswers],
  ['PUT', `/v1/maintenance/sid/${TENANT}/${instanceId}`, reply, projectAnswers],
  ['PUT', `/v1/instance/${instanceId}`, {}, ownerWrites],
  ['GET', `/v1/instance/${instanceId}`, undefined, ownerReads],
  ['DELETE', `/v1/instance/${instanceId}`, undefined, ownerWrites],
  ['PUT', '/v1/instance_group/group', {}, ownerWrites],
  ['GET', '/v1/instance_group/group', undefined, ownerReads],
  ['DELETE', '/v1/instance_group/group', undefined, ownerWrites],
];

for (const kind of databaseKinds) {
  for (const [method, path, body, expected] of ENDPOINTS) {
    test.serial(`${kind.name}: who may ${method} ${path}`, async (t) => {
      const api = await TestApi.start(t, kind);
      for (const caller of CALLERS) {
        const session = await api.session([instanceId], [{ instanceIds: [instanceId] }]);
        const real = path.replace('sid', session.sessionId);
        const before = (await api.repositories.sessions.ids()).length;
        const answer = await api.send(method, real, { body, ...(caller === '' ? {} : { token: caller }) });
        t.is(answer.status, expected[caller], `${caller || 'nobody'}: ${answer.text}`);
        if (answer.status === 200) continue;
        t.is(answer.json.status, answer.status);
        t.is(typeof answer.json.error, 'string');
        t.is(answer.headers['www-authenticate'] !== undefined, answer.status === 401);
        t.is((await api.repositories.sessions.ids()).length, before, 'a refusal creates and deletes nothing');
        t.deepEqual(await api.stored(session), []);
        t.deepEqual(await api.history(session), []);
      }
    });
  }

  test.serial(
    `${kind.name}: the right comes before existence: others' paths are 403, one's own unknown ones 404`,
    async (t) => {
      const api = await TestApi.start(t, kind);
      const session = await api.session([instanceId]);
      const unknown = randomUUID();
      const cases: [string, string, number][] = [
        [`/v1/maintenance/${unknown}/${TENANT}`, 'member', 404],
        [`/v1/maintenance/${unknown}/${TENANT}`, 'stranger', 403],
        [`/v1/maintenance/${session.sessionId}/${STRANGER}`, 'stranger', 404],
        [`/v1/maintenance/${session.sessionId}/${STRANGER}`, 'admin', 404],
        [`/v1/maintenance/${session.sessionId}/${TENANT}/${randomUUID()}`, 'member', 404],
        [`/v1/maintenance/${session.sessionId}/${TENANT}/${randomUUID()}`, 'stranger', 403],
        [`/v1/maintenance/${session.sessionId}/${STRANGER}/${instanceId}`, 'stranger', 404],
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
