import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { FenixClient } from '../../src/client/index.js';
import { Repositories } from '../../src/db/repositories.js';
import { TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';

const sqlite = databaseKinds[0] as DatabaseKind;
const HEARTBEAT = { maxListeners: 2, pollMs: 5, heartbeatMs: 1 };

/** A stream of events as text, read by fetch. */
async function listen(t: ExecutionContext, api: TestApi, sessionId: string, headers: Record<string, string> = {}) {
  const leaving = new AbortController();
  const answer = await fetch(`${api.url}/v1/maintenance/${sessionId}/events`, {
    headers: { 'X-Auth-Token': 'admin', ...headers },
    signal: leaving.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = async (): Promise<boolean> => {
    const { done, value } = (await reader?.read()) ?? { done: true };
    text += value ?? '';
    return !done;
  };
  t.teardown(() => leaving.abort());
  return {
    answer,
    leave: () => leaving.abort(),
    /** Everything up to what matches. */
    until: async (pattern: RegExp): Promise<string> => {
      while (!pattern.test(text)) if (!(await read())) throw new Error(`ended without ${pattern}: ${text}`);
      return text;
    },
    /** Everything, once the stream has ended. */
    all: async (): Promise<string> => {
      while (await read());
      return text;
    },
  };
}

const wordsIn = (text: string): string[] => [...text.matchAll(/"what":"([\w-]+)"/g)].map(([, what = '']) => what);
const idsIn = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

for (const kind of databaseKinds) {
  test.serial(`${kind.name}: events are the history as it is written, until the session is deleted`, async (t) => {
    const api = await TestApi.start(t, kind);
    const session = await api.session(['i'], [{ instanceIds: ['i'] }]);
    const { sessionId } = session;
    const control = (body: object) => api.send('POST', `/v1/maintenance/${sessionId}/action`, { token: 'admin', body });
    await control({ pause: {} });
    const stream = await listen(t, api, sessionId);
    t.is(stream.answer.status, 200);
    t.is(stream.answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    await stream.until(/"pause"/);
    await api.reply(session, { state: 'ACK_MAINTENANCE' });
    await stream.until(/"reply-received"/);
    const other = await api.session([]);
    await api.send('DELETE', `/v1/maintenance/${other.sessionId}`, { token: 'admin' });
    await control({ resume: {} });
    await api.send('DELETE', `/v1/maintenance/${sessionId}`, { token: 'admin' });
    const text = await stream.all();
    t.deepEqual(wordsIn(text), ['pause', 'reply-received', 'resume', 'delete'], 'its own, each once');
    t.deepEqual(
      idsIn(text),
      idsIn(text).toSorted((one, another) => one - another),
    );
    t.regex(text, /event: end\ndata: \{"reason":"deleted"\}\n\n$/);
    const line = JSON.parse(/^data: (.*"reply-received".*)$/m.exec(text)?.[1] ?? '{}');
    t.like(line, { who: 'user-member', project_id: TENANT, address: '127.0.0.1' });
    t.is((await api.send('GET', `/v1/maintenance/${sessionId}/events`, { token: 'admin' })).status, 404);
  });

  test.serial(`${kind.name}: an event is one line, whatever its names hold and whoever splits lines`, async (t) => {
    const api = await TestApi.start(t, kind);
    const { sessionId } = await api.session([]);
    const host = 'compute\u2028data: forged\u2029\u202e\u0085';
    const entry = { sessionId, seq: 1, at: new Date(), who: 'engine', what: 'host', details: { host } } as const;
    await api.repositories.history.append([entry], api.repositories.database.knex);
    const stream = await listen(t, api, sessionId);
    const text = await stream.until(/^data: .*\n/m);
    stream.leave();
    t.notRegex(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    t.is(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '').host, host);
  });

  test.serial(`${kind.name}: who connects again after the last event that it has misses none`, async (t) => {
    const api = await TestApi.start(t, kind);
    const { sessionId } = await api.session([]);
    const control = (body: object) => api.send('POST', `/v1/maintenance/${sessionId}/action`, { token: 'admin', body });
    const rounds = 6;
    const seen: string[] = [];
    let last = 0;
    for (let round = 0; round < rounds; round += 1) {
      const stream = await listen(t, api, sessionId, last === 0 ? {} : { 'Last-Event-ID': String(last) });
      await control(round % 2 === 0 ? { pause: {} } : { resume: {} });
      const text = await stream.until(round % 2 === 0 ? /"pause"/ : /"resume"/);
      stream.leave();
      seen.push(...wordsIn(text));
      last = idsIn(text).at(-1) ?? 0;
      // What happens while nobody listens.
      await control(round % 2 === 0 ? { resume: {} } : { pause: {} });
    }
    await api.send('DELETE', `/v1/maintenance/${sessionId}`, { token: 'admin' });
    const entries = await api.repositories.history.after(sessionId, last, 100);
    seen.push(...entries.map(({ entry }) => entry.what));
    t.deepEqual(seen, await api.history({ sessionId }));
    t.is(new Set(await api.history({ sessionId })).size, 3);
  });

  test.serial(`${kind.name}: numbers become visible in their order, however many write at once`, async (t) => {
    const api = await TestApi.start(t, kind);
    const instanceIds = ['a', 'b', 'c', 'd', 'e', 'f'];
    const session = await api.session(
      instanceIds,
      instanceIds.map((instanceId) => ({ instanceId, instanceIds: [instanceId], allowedActions: ['MIGRATE'] })),
    );
    let last = 0;
    let isDone = false;
    const seen: number[] = [];
    const reading = (async () => {
      for (let wasDone = false; !wasDone; ) {
        wasDone = isDone;
        await setImmediate();
        for (const { historyId } of await api.repositories.history.after(session.sessionId, last, 100)) {
          seen.push(historyId);
          last = historyId;
        }
      }
    })();
    const replies = Array.from({ length: 60 }, (_, i) =>
      api.reply(session, { state: 'ACK_MAINTENANCE' }, instanceIds[i % instanceIds.length]),
    );
    await Promise.all(replies);
    isDone = true;
    await reading;
    const all = await api.repositories.history.after(session.sessionId, 0, 100);
    t.deepEqual(
      seen,
      all.map(({ historyId }) => historyId),
    );
    t.is(seen.length, 60);
  });
}

test('silence is broken by comments, and there are only so many listeners', async (t) => {
  const api = await TestApi.start(t, sqlite, { events: HEARTBEAT });
  const { sessionId } = await api.session([]);
  const first = await listen(t, api, sessionId);
  await first.until(/^: still here\n\n/m);
  const second = await listen(t, api, sessionId);
  await second.until(/^: still here\n\n/m);
  const refused = await api.send('GET', `/v1/maintenance/${sessionId}/events`, { token: 'admin' });
  t.like(refused.json, { status: 503, code: 'too-many-listeners' });
  t.is(refused.headers['retry-after'], '10');
  await api.send('DELETE', `/v1/maintenance/${sessionId}`, { token: 'admin' });
  await Promise.all([first.all(), second.all()]);
  const another = await api.session([]);
  await (await listen(t, api, another.sessionId)).until(/^retry: 3000\n/);
});

test('streams end when the process is told to stop, and with their token', async (t) => {
  const stopping = new AbortController();
  const { database, close } = await sqlite.open();
  t.teardown(close);
  const api = await TestApi.on(t, new Repositories(database), {}, { stopping: stopping.signal });
  const { sessionId } = await api.session([]);
  const stream = await listen(t, api, sessionId);
  await stream.until(/^retry: 3000\n/);
  stopping.abort();
  t.notRegex(await stream.all(), /event: end/);
  const other = await TestApi.on(t, api.repositories);
  const late = await listen(t, other, sessionId, { 'X-Auth-Token': 'ended' });
  t.is(await late.all(), 'retry: 3000\n\n');
});

test('who may not see the history, asks for nothing or for nonsense, gets no stream', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const { sessionId } = await api.session([]);
  const path = `/v1/maintenance/${sessionId}/events`;
  t.is((await api.send('GET', path, { token: 'member' })).status, 403);
  const headers = { 'Last-Event-ID': 'x' };
  t.like((await api.send('GET', path, { token: 'admin', headers })).json, { status: 400, field: 'Last-Event-ID' });
  t.is((await api.send('GET', `${path}?last_event_id=-1`, { token: 'admin' })).status, 400);
  t.is((await api.send('HEAD', path, { token: 'admin' })).status, 200);
});

test('the client follows events over a lost connection', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const { sessionId } = await api.session([]);
  const client = new FenixClient({
    url: `${api.url}/v1`,
    token: async () => 'admin',
    // Breaks every connection after its first chunk with events.
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (!url.includes('/events')) return answer;
      let wasCut = false;
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          if (wasCut) return;
          controller.enqueue(chunk);
          wasCut = new TextDecoder().decode(chunk).includes('id: ');
          if (wasCut) controller.terminate();
        },
      });
      return new Response(answer.body?.pipeThrough(cut), { status: answer.status, headers: answer.headers });
    },
  });
  await client.control(sessionId, { pause: {} });
  const seen: string[] = [];
  for await (const { what } of client.events(sessionId, { retryMs: 1 })) {
    seen.push(what);
    if (what === 'pause') await client.control(sessionId, { resume: {} });
    if (what === 'resume') await client.remove(sessionId);
  }
  t.deepEqual(seen, ['pause', 'resume', 'delete']);
});
