import test from 'ava';
import { TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';

const sqlite = databaseKinds[0] as DatabaseKind;

test('who has the answer already is told so by 304, until it changes', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const session = await api.session(['i', 'j'], [{ instanceIds: ['i'] }]);
  const path = `/v1/maintenance/${session.sessionId}`;
  for (const [url, token] of [
    [path, 'admin'],
    [`${path}/${TENANT}`, 'member'],
  ] as const) {
    const first = await api.send('GET', url, { token });
    const etag = String(first.headers.etag);
    t.regex(etag, /^"/);
    const again = await api.send('GET', url, { token, headers: { 'If-None-Match': etag } });
    t.is(again.status, 304);
    t.is(again.text, '');
    t.is(again.headers.etag, etag);
    const other = await api.send('GET', url, { token, headers: { 'If-None-Match': '"other"' } });
    t.is(other.status, 200);
    t.deepEqual(other.json, first.json);
    t.is((await api.send('GET', url, { token: 'stranger', headers: { 'If-None-Match': etag } })).status, 403);
  }
  const [notice] = await api.repositories.notices.open(session.sessionId, TENANT);
  const before = (await api.send('GET', `${path}/${TENANT}`, { token: 'member' })).headers.etag;
  const { notices, database } = api.repositories;
  const closed = { closedAt: api.clock.now() };
  await notices.update(session.sessionId, Number(notice?.noticeId), closed, database.knex);
  const after = await api.send('GET', `${path}/${TENANT}`, {
    token: 'member',
    headers: { 'If-None-Match': String(before) },
  });
  t.is(after.status, 200);
  t.deepEqual(after.json, { instance_ids: ['i', 'j'] });
});
