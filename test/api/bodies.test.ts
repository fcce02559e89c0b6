import { once } from 'node:events';
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { TENANT, TestApi } from '../support/api.js';
import { type DatabaseKind, databaseKinds } from '../support/api-databases.js';
import { eventually } from '../support/eventually.js';

const sqlite = databaseKinds[0] as DatabaseKind;
const REPLY = { state: 'ACK_PLANNED_MAINTENANCE', instance_action: 'MIGRATE' };

/** Sends the pieces one by one, as the tenant's member. */
async function put(url: string, pieces: readonly Buffer[], headers: OutgoingHttpHeaders) {
  const asked = httpRequest(url, { method: 'PUT', headers: { 'X-Auth-Token': 'member', ...headers }, agent: false });
  const answered = once(asked, 'response');
  for (const piece of pieces) await new Promise((written) => asked.write(piece, written));
  asked.end();
  const [answer] = await answered;
  const text = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode, json: JSON.parse(text) };
}

test('a body is read alike with and without a length, in pieces and compressed', async (t) => {
  const api = await TestApi.start(t, sqlite, { maxBodyBytes: 500 });
  const session = await api.session(['i'], [{ instanceIds: ['i'] }]);
  const url = `${api.url}/v1/maintenance/${session.sessionId}/${TENANT}`;
  const body = Buffer.from(JSON.stringify(REPLY));
  const pieces = [body.subarray(0, 10), body.subarray(10, 11), body.subarray(11)];
  const packed = gzipSync(body);
  const ways: readonly [pieces: readonly Buffer[], headers: OutgoingHttpHeaders][] = [
    [[body], { 'Content-Length': body.length }],
    [pieces, { 'Content-Length': body.length }],
    [pieces, { 'Transfer-Encoding': 'chunked' }],
    [[packed], { 'Content-Length': packed.length, 'Content-Encoding': 'gzip' }],
    [[packed], { 'Transfer-Encoding': 'chunked', 'Content-Encoding': 'gzip' }],
  ];
  for (const [sent, headers] of ways) {
    t.deepEqual(await put(url, sent, headers), { status: 200, json: REPLY }, JSON.stringify(headers));
  }
  const long = Buffer.from(JSON.stringify({ ...REPLY, note: ' '.repeat(500) }));
  const packedLong = gzipSync(long);
  const tooLong: readonly [sent: Buffer, headers: OutgoingHttpHeaders][] = [
    [long, { 'Content-Length': long.length }],
    [long, { 'Transfer-Encoding': 'chunked' }],
    [packedLong, { 'Content-Length': packedLong.length, 'Content-Encoding': 'gzip' }],
  ];
  for (const [sent, headers] of tooLong) {
    const { status, json } = await put(url, [sent], headers);
    t.deepEqual([status, json.code], [413, 'too-large'], JSON.stringify(headers));
  }
  const { status, json } = await put(url, [], { 'Content-Length': 0 });
  t.deepEqual([status, json.error], [400, 'The request needs a body with JSON in it.']);
});

test('a request that breaks off in its body has no effect and is no fault of ours', async (t) => {
  const api = await TestApi.start(t, sqlite);
  const session = await api.session(['i'], [{ instanceIds: ['i'] }]);
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  const head = `PUT /v1/maintenance/${session.sessionId}/${TENANT} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: member\r\n`;
  await new Promise((written) => socket.write(`${head}Content-Length: 500\r\n\r\n{"state": `, written));
  socket.destroy();
  await eventually(() => api.log.some(({ message }) => message === 'request whose client went away'));
  t.deepEqual(
    api.log.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  );
  t.deepEqual(await api.stored(session), []);
});
