import test from 'ava';
import { TestApi } from '../support/api.js';
import { databaseKinds } from '../support/api-databases.js';

const body = { maintenance_at: '2026-01-01 12:00:00', hosts: ['h'] };
const key = (name: string) => ({ headers: { 'Idempotency-Key': name } });

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: a POST that comes twice with one key is carried out once`, async (t) => {
    const api = await TestApi.start(t, kind);
    const post = (options: object = {}) =>
      api.send('POST', '/v1/maintenance', { token: 'admin', body, ...key('first try'), ...options });
    const first = await post();
    t.is(first.status, 200, first.text);
    t.deepEqual((await post()).json, first.json, 'not 409 for the host that it has itself');
    t.is((await api.repositories.sessions.ids()).length, 1);
    t.is(api.woken.length, 1);

    const other = await post({ body: { ...body, hosts: ['i'] } });
    t.like(other.json, { status: 422, code: 'idempotency-key', field: 'Idempotency-Key' });
    const path = `/v1/maintenance/${first.json.session_id}/action`;
    t.is((await api.send('POST', path, { token: 'admin', body, ...key('first try') })).status, 422);
    const theirs = await post({ token: 'unscopedAdmin', body: { ...body, hosts: ['j'] } });
    t.is(theirs.status, 200, 'the key of somebody else is another one');
    t.not(theirs.json.session_id, first.json.session_id);
  });

  test.serial(`${kind.name}: of ten that come at once with one key one is carried out`, async (t) => {
    const api = await TestApi.start(t, kind, { maxSessions: 5 });
    const posts = Array.from({ length: 10 }, () =>
      api.send('POST', '/v1/maintenance', { token: 'admin', body: { ...body, hosts: [] }, ...key('k') }),
    );
    const answers = await Promise.all(posts);
    t.deepEqual([...new Set(answers.map(({ status, text }) => `${status} ${text}`))].length, 1, answers[0]?.text);
    t.is((await api.repositories.sessions.ids()).length, 1);
  });

  test.serial(`${kind.name}: control is carried out once, too; refusals and old keys are forgotten`, async (t) => {
    const api = await TestApi.start(t, kind);
    const { sessionId } = await api.session([]);
    const control = (action: object, name: string) =>
      api.send('POST', `/v1/maintenance/${sessionId}/action`, { token: 'admin', body: action, ...key(name) });
    t.is((await control({ pause: {} }, 'p')).status, 200);
    t.is((await control({ resume: {} }, 'r')).status, 200);
    t.is((await control({ pause: {} }, 'p')).status, 200);
    t.deepEqual(await api.history({ sessionId }), ['pause', 'resume'], 'the late double pauses nothing');
    t.is((await control({ skip_host: { host: 'h' } }, 's')).status, 422);
    t.is((await control({ abort: {} }, 's')).status, 200, 'a refusal leaves the key free');

    const short = await TestApi.on(t, api.repositories, { idempotencyKeyLifeS: 0 });
    await short.send('POST', '/v1/maintenance', { token: 'admin', body: { ...body, hosts: [] }, ...key('k') });
    await short.send('POST', '/v1/maintenance', { token: 'admin', body: { ...body, hosts: [] }, ...key('k') });
    t.is((await api.repositories.sessions.ids()).length, 3);
  });
}

test('an ill-formed key is refused by name', async (t) => {
  const api = await TestApi.start(t, databaseKinds[0] as (typeof databaseKinds)[number]);
  for (const bad of ['', 'x'.repeat(256), 'caf\u00e9']) {
    const answer = await api.send('POST', '/v1/maintenance', { token: 'admin', body, ...key(bad) });
    t.like(answer.json, { status: 400, field: 'Idempotency-Key' });
  }
});
