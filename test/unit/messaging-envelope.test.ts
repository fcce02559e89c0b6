import { deflateSync, gzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import type { MessageProperties } from '../../src/messaging/broker.js';
import { Duplicates } from '../../src/messaging/duplicates.js';
import { decodeMessage, encodeBare, encodeMessage, MESSAGE_PROPERTIES } from '../../src/messaging/envelope.js';
import { parseJson, stringifyJson } from '../../src/messaging/json.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { parseReply } from '../../src/messaging/rpc-message.js';
import { DEFAULT_TOPOLOGY, Topology, topologyFromOptions } from '../../src/messaging/topology.js';

const read = (body: string | Buffer, properties: MessageProperties = MESSAGE_PROPERTIES) =>
  decodeMessage({ body: Buffer.from(body), properties });
const enveloped = (version: unknown, message: unknown = '{"a": 1}') =>
  JSON.stringify({ 'oslo.version': version, 'oslo.message': message });

/** Without prototypes and key orders that JSON does not keep. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

const { value: anyValue } = fc.letrec((self) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
    fc.bigInt().filter((n) => !Number.isSafeInteger(Number(n))),
    fc.string({ unit: 'binary' }),
    fc.array(self('value')),
    fc.dictionary(fc.string(), self('value')),
  ),
}));

test('whatever is JSON comes through the envelope unchanged, long integers too', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anyValue), (content) => {
      t.deepEqual(plain(read(encodeMessage(content))), plain(content));
    }),
    { numRuns: 300 },
  );
});

test('a body without envelope is the message itself, also with one of the two keys', (t) => {
  t.deepEqual(read(encodeBare({ a: 1 })), { a: 1 });
  t.deepEqual(read('{"oslo.version": "2.0", "a": 1}'), { 'oslo.version': '2.0', a: 1 });
});

test('other envelope versions are refused, the number 2.0 as well', (t) => {
  t.deepEqual(read(enveloped('2.0')), { a: 1 });
  for (const version of ['2.1', '2', '2.0.1', '1.9', '3.0', 2, null]) {
    t.throws(() => read(enveloped(version)), { code: 'undecodable' }, String(version));
  }
  for (const message of [{ a: 1 }, null, '[1]', 'nothing', '"text"', '']) {
    t.throws(() => read(enveloped('2.0', message)), { code: 'undecodable' }, String(message));
  }
});

test('other content types and encodings, and what is no JSON object, are refused', (t) => {
  for (const contentType of ['text/plain', 'application/json; charset=utf-8', 'Application/JSON', undefined]) {
    const properties = contentType === undefined ? {} : { contentType };
    t.throws(() => read('{}', properties), { code: 'undecodable' });
  }
  const contentType = 'application/json';
  t.deepEqual(read('{}', { contentType }), {}, 'the encoding may be absent');
  t.throws(() => read('{}', { contentType, contentEncoding: 'latin-1' }), { code: 'undecodable' });
  for (const body of ['', '[]', 'null', '1', '{', Buffer.from([0x7b, 0xff, 0x7d])]) {
    t.throws(() => read(body), { code: 'undecodable' });
  }
});

test('a body that kombu compressed as gzip is a zlib stream', (t) => {
  const compressed = (compression: string) => ({ ...MESSAGE_PROPERTIES, headers: { compression } });
  t.deepEqual(read(deflateSync(encodeMessage({ a: 1 })), compressed('application/x-gzip')), { a: 1 });
  t.throws(() => read(gzipSync(encodeMessage({})), compressed('application/x-gzip')), { code: 'undecodable' });
  t.throws(() => read(encodeMessage({}), compressed('application/x-bz2')), { code: 'undecodable' });
});

test("Python's NaN, Infinity and long integers are read, and only valid JSON is written", (t) => {
  const text =
    '{"n": NaN, "i": [Infinity, -Infinity], "b": -12345678901234567890, "s": 9007199254740991, "f": 1.5e300}';
  const value = parseJson(text) as Record<string, unknown>;
  const read = { n: Number.NaN, i: [Infinity, -Infinity], b: -12345678901234567890n, s: 9007199254740991, f: 1.5e300 };
  t.deepEqual(value, read);
  t.is(stringifyJson(value), '{"n":null,"i":[null,null],"b":-12345678901234567890,"s":9007199254740991,"f":1.5e+300}');
  const quoted = { 'a "NaN" key': 'Infinity \\" NaN 12345678901234567890', b: 12345678901234567890n };
  t.deepEqual(parseJson(stringifyJson(quoted)), quoted, 'inside strings they are text');
  for (const bad of ['{"a": nan}', '{"a": NaNs}', '{"a": +Infinity}', '{"a": 012345678901234567890}']) {
    t.throws(() => parseJson(bad), { instanceOf: SyntaxError }, bad);
  }
});

test('the last 1024 ids are remembered', (t) => {
  const duplicates = new Duplicates();
  for (let n = 0; n < 1025; n += 1) duplicates.remember(`id${n}`);
  t.false(duplicates.has('id0'));
  t.true(duplicates.has('id1') && duplicates.has('id1024'));
  duplicates.remember(undefined);
  t.false(duplicates.has(undefined), 'a message without id is never a duplicate');
});

test('a failure wins over a result, and odd failures are failures still', (t) => {
  const failure = JSON.stringify({ class: 'ValueError', module: 'builtins', message: 'boom' });
  const reply = parseReply({ result: 1, failure, ending: true, _msg_id: 'm' });
  t.like(reply.failure, { className: 'ValueError', module: 'builtins', message: 'boom', traceback: [] });
  for (const odd of ['no json', '[]', { class: 'X' }, 7, '{"class": null, "tb": null, "message": null}']) {
    t.truthy(parseReply({ failure: odd }).failure, String(odd));
  }
  t.is(parseReply({}).failure, undefined);
});

test('the options of the rabbit section decide the topology; mirrored quorum queues do not exist', (t) => {
  const options = {
    amqpDurableQueues: false,
    amqpAutoDelete: false,
    rabbitQuorumQueue: false,
    rabbitQuorumDeliveryLimit: 5,
    rabbitQuroumMaxMemoryLength: 0,
    rabbitQuroumMaxMemoryBytes: 70,
    rabbitHaQueues: false,
    rabbitTransientQueuesTtl: 1800,
  };
  t.deepEqual(topologyFromOptions(options), DEFAULT_TOPOLOGY);
  const both = topologyFromOptions({ ...options, rabbitQuorumQueue: true, rabbitHaQueues: true });
  t.deepEqual(both.quorum, { deliveryLimit: 5, maxMemoryLength: 0, maxMemoryBytes: 70 });
  t.throws(() => new Topology(new MemoryBroker().connect(), both), { code: 'bad-config' });
});
