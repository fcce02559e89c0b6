import test from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import type { Broker, OutgoingMessage } from '../../src/messaging/broker.js';
import { decodeMessage } from '../../src/messaging/envelope.js';
import { isCast } from '../../src/messaging/faults.js';
import { RemoteError } from '../../src/messaging/remote-error.js';
import { RpcServer } from '../../src/messaging/rpc-server.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';
import { aMessage, collect, recording, settled, turnsUntil } from '../support/messaging.js';
import { aPair, SOON, TARGET } from '../support/rpc-pair.js';

const ECHO = { echo: ({ x }: Readonly<Record<string, unknown>>) => x, nothing: () => undefined };

test('a call brings the result, and null for a method that returns nothing', async (t) => {
  const { client } = await aPair(t, { methods: ECHO });
  const x = { text: 'é日本', list: [1, null, true, 2.5], big: 12345678901234567890n };
  t.deepEqual(await client.call(TARGET, 'echo', { x }, {}, SOON), x);
  t.is(await client.call(TARGET, 'nothing', {}, {}, SOON), null);
});

test('concurrent calls share one reply queue, declared once, and get each its own answer', async (t) => {
  const { client, clientSide } = await aPair(t, { methods: ECHO });
  const all = Array.from({ length: 50 }, (_, x) => x);
  t.deepEqual(await Promise.all(all.map((x) => client.call(TARGET, 'echo', { x }, {}, SOON))), all);
  t.is(clientSide.operations.filter(({ op }) => op === 'queue.declare').length, 1);
});

test('the handler sees the context and the monitor time-out', async (t) => {
  const { client } = await aPair(t, { methods: { context: (_, context) => context } });
  const context = { request_id: 'req-1', roles: ['admin'] };
  t.deepEqual(await client.call(TARGET, 'context', {}, context, SOON), { ...context, client_timeout: null });
});

test('a result that is no JSON is a failure, not silence', async (t) => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const { client } = await aPair(t, { methods: { circular: () => circular } });
  await t.throwsAsync(client.call(TARGET, 'circular', {}, {}, SOON), { instanceOf: RemoteError });
});

test('odd requests get a failure and do not stop the server', async (t) => {
  const { client, memory } = await aPair(t, { methods: ECHO });
  const broker = memory.connect();
  await broker.declareQueue('answers', { durable: false, autoDelete: false });
  const answers = await collect(broker, 'answers');
  const odd = { _msg_id: 'm', _reply_q: 'answers' };
  const requests = [
    { ...odd },
    { ...odd, method: 7, version: 1 },
    { ...odd, method: 'echo', version: null },
    { ...odd, method: 'echo', version: '1', args: {} },
    { ...odd, method: 'echo', args: null },
    { ...odd, method: 'echo', namespace: ['admin'] },
  ];
  for (const request of requests) await broker.publish(aMessage('engine', request));
  await turnsUntil(() => answers.length === requests.length);
  t.true(answers.every(({ failure, _msg_id }) => typeof failure === 'string' && _msg_id === 'm'));
  t.is(await client.call(TARGET, 'echo', { x: 1 }, {}, SOON), 1);
});

test('what cannot be read is rejected and the next request is served', async (t) => {
  const { client, memory } = await aPair(t, { methods: ECHO });
  const broker = memory.connect();
  for (const contentType of ['text/plain', 'application/json; charset=utf-8']) {
    await broker.publish(aMessage('engine', { method: 'echo' }, { properties: { contentType } }));
  }
  await broker.publish({ ...aMessage('engine', {}), body: Buffer.from('not json') });
  t.is(await client.call(TARGET, 'echo', { x: 1 }, {}, SOON), 1);
  t.true(memory.topology().queues.every(({ messages }) => messages === 0));
});

test('a call without an answer times out, in doubt, and its late answer is ignored', async (t) => {
  const clock = new ManualMachineClock();
  let answer: (value: unknown) => void = () => undefined;
  const methods = { ...ECHO, slow: () => new Promise((resolve) => (answer = resolve)) };
  const { client } = await aPair(t, { methods, clock });
  const call = client.call(TARGET, 'slow', {}, {}, { timeoutMs: 3000 });
  await settled();
  clock.advanceMs(2999);
  await settled();
  clock.advanceMs(1);
  const error = await t.throwsAsync(call, { message: /^Timed out waiting for a reply to message ID [0-9a-f]{32}$/ });
  t.like(error, { code: 'rpc-timeout', kind: 'transient', inDoubt: true });
  answer('late');
  await settled();
  t.is(await client.call(TARGET, 'echo', { x: 'next' }, {}, SOON), 'next');
});

test('a call to nobody times out, or fails at once when it is mandatory', async (t) => {
  const clock = new ManualMachineClock();
  const { client, clientSide } = await aPair(t, { clock });
  const nobody = { ...TARGET, server: 'nobody' };
  await t.throwsAsync(client.call(nobody, 'm', {}, {}, { ...SOON, mandatory: true }), { code: 'unroutable' });
  const call = client.call(nobody, 'm', {}, {}, { timeoutMs: 500 });
  await settled();
  clock.advanceMs(500);
  await t.throwsAsync(call, { code: 'rpc-timeout' });
  t.is(clientSide.published.at(-1)?.properties.expiration, '500');
});

test('a monitored call lives by heartbeats and dies of their absence before its own time-out', async (t) => {
  const clock = new ManualMachineClock();
  const { client, memory, serverSide } = await aPair(t, {
    clock,
    methods: { slow: () => clock.sleepMs(6500).then(() => 'done') },
  });
  const monitored = { timeoutMs: 60_000, monitorTimeoutS: 2 };
  const call = client.call(TARGET, 'slow', {}, {}, monitored);
  for (let half = 0; half < 13; half += 1) {
    await settled();
    clock.advanceMs(500);
  }
  t.is(await call, 'done');
  t.is(serverSide.published.length, 7, 'six heartbeats and the reply');

  await memory.connect().declareQueue('engine.dead', { durable: false, autoDelete: false });
  const toDead = client.call({ ...TARGET, server: 'dead' }, 'slow', {}, {}, monitored);
  await settled();
  clock.advanceMs(2000);
  await t.throwsAsync(toDead, { code: 'rpc-timeout' });
});

test('no heartbeat goes out to a caller that did not ask, or asked for too many', async (t) => {
  const clock = new ManualMachineClock();
  const { client, serverSide } = await aPair(t, {
    clock,
    methods: { slow: () => clock.sleepMs(900).then(() => 'done') },
  });
  for (const options of [SOON, { ...SOON, monitorTimeoutS: 1 }]) {
    const call = client.call(TARGET, 'slow', {}, {}, options);
    await settled();
    clock.advanceMs(900);
    t.is(await call, 'done');
  }
  t.is(serverSide.published.length, 2);
});

test('the old form of a reply, value first and then an empty ending, is understood', async (t) => {
  const { client, memory } = await aPair(t);
  const broker = memory.connect();
  await broker.declareQueue('engine.old', { durable: false, autoDelete: false });
  const requests = await collect(broker, 'engine.old');
  const call = client.call({ ...TARGET, server: 'old' }, 'm', {}, {}, SOON);
  await turnsUntil(() => requests.length === 1).catch(() => undefined);
  t.is(requests.length, 0, 'queue is not bound to the exchange');
  await broker.bindQueue('engine.old', 'openstack', 'engine.old');
  const again = client.call({ ...TARGET, server: 'old' }, 'm', {}, {}, SOON);
  await turnsUntil(() => requests.length === 1);
  const { _msg_id, _reply_q } = requests[0] ?? {};
  const reply = { _msg_id, failure: null };
  await broker.publish(aMessage(String(_reply_q), { ...reply, result: 'value', ending: false }));
  await broker.publish(aMessage(String(_reply_q), { ...reply, result: null, ending: true }));
  t.is(await again, 'value');
  await client.close();
  await t.throwsAsync(call, { instanceOf: Stopped });
});

test('a doubled request is executed once', async (t) => {
  const seen: unknown[] = [];
  const faults = { seed: 1, duplicates: 1, appliesTo: isCast };
  const { client } = await aPair(t, { faults, methods: { note: ({ n }) => void seen.push(n) } });
  for (let n = 0; n < 20; n += 1) await client.cast(TARGET, 'note', { n }, {});
  await settled();
  t.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, n) => n),
  );
});

test('a request that its sender publishes again much later is executed once, and answered once', async (t) => {
  const seen: unknown[] = [];
  const { client, memory, serverSide } = await aPair(t, { methods: { note: ({ n }) => void seen.push(n) } });
  const broker = memory.connect();
  await broker.declareQueue('answers', { durable: false, autoDelete: false });
  const again = { method: 'note', args: { n: 'again' }, _msg_id: 'm', _reply_q: 'answers', _unique_id: 'u' };
  await broker.publish(aMessage('engine', again));
  for (let n = 0; n < 100; n += 1) await client.cast(TARGET, 'note', { n }, {});
  await broker.publish(aMessage('engine', again));
  await settled();
  t.is(seen.filter((n) => n === 'again').length, 1);
  t.is(seen.length, 101);
  t.is(serverSide.published.length, 1);
});

test('a server fetches no more ahead than it is told, and works all the same', async (t) => {
  const { client, memory } = await aPair(t, { methods: ECHO, server: { prefetch: 1 } });
  const all = Array.from({ length: 20 }, (_, x) => x);
  t.deepEqual(await Promise.all(all.map((x) => client.call(TARGET, 'echo', { x }, {}, SOON))), all);
  t.true(memory.topology().queues.every(({ messages }) => messages === 0));
});

test('a ping is answered where it is enabled, by any server', async (t) => {
  const on = await aPair(t, { server: { pingEnabled: true } });
  t.is(await on.client.call(TARGET, 'oslo_rpc_server_ping', {}, {}, SOON), 'pong');
  const off = await aPair(t);
  const refused = off.client.call(TARGET, 'oslo_rpc_server_ping', {}, {}, SOON);
  t.is((await t.throwsAsync(refused, { instanceOf: RemoteError }))?.remote.className, 'NoSuchMethod');
});

test('heartbeats for calls that are over, as the Python library sends without end, are let pass', async (t) => {
  const { client, memory, clientSide } = await aPair(t, { methods: ECHO });
  await client.call(TARGET, 'echo', { x: 1 }, {}, SOON);
  const { _msg_id, _reply_q } = decodeMessage(clientSide.published[0] as OutgoingMessage);
  const broker = memory.connect();
  const beat = { _msg_id, result: null, failure: null, ending: false };
  for (let n = 0; n < 10; n += 1) await broker.publish(aMessage(String(_reply_q), beat));
  t.is(await client.call(TARGET, 'echo', { x: 2 }, {}, SOON), 2);
  t.true(memory.topology().queues.every(({ messages }) => messages === 0));
});

test('a lost cast is no error for its sender, and calls go on working beside', async (t) => {
  const seen: unknown[] = [];
  const { client } = await aPair(t, {
    faults: { seed: 1, loss: 1, appliesTo: isCast },
    methods: { ...ECHO, note: () => void seen.push('note') },
  });
  await client.cast(TARGET, 'note', {}, {});
  t.is(await client.call(TARGET, 'echo', { x: 1 }, {}, SOON), 1);
  t.deepEqual(seen, []);
});

test('calls survive doubled, late and overtaken messages', async (t) => {
  const faults = { seed: 5, duplicates: 0.5, delay: { maxTurns: 7 }, reorder: true };
  const { client } = await aPair(t, { faults, methods: ECHO });
  const all = Array.from({ length: 100 }, (_, x) => x);
  t.deepEqual(await Promise.all(all.map((x) => client.call(TARGET, 'echo', { x }, {}, SOON))), all);
});

test('casts to the topic are shared, to a server are its own, and a fanout reaches all', async (t) => {
  const seen: string[] = [];
  const noting = (name: string) => ({
    note: ({ n }: Readonly<Record<string, unknown>>) => void seen.push(`${name}${n}`),
  });
  const { client, start } = await aPair(t, { methods: noting('one') });
  const second = await start('two', noting('two'));
  await client.cast(TARGET, 'note', { n: 1 }, {});
  await client.cast(TARGET, 'note', { n: 2 }, {});
  await client.cast({ ...TARGET, server: 'two' }, 'note', { n: 3 }, {});
  await client.fanout(TARGET, 'note', { n: 4 }, {});
  await settled();
  t.deepEqual(seen.sort(), ['one1', 'one4', 'two2', 'two3', 'two4']);
  await second.stop();
});

test('a fanout works before, during and after the life of its listeners', async (t) => {
  const seen: unknown[] = [];
  const { client, server, start } = await aPair(t, { methods: { note: ({ n }) => void seen.push(n) } });
  await client.fanout(TARGET, 'note', { n: 1 }, {});
  await settled();
  await server.stop(); // takes the auto-delete exchange with it
  await client.fanout(TARGET, 'note', { n: 2 }, {});
  await start('again');
  await client.fanout(TARGET, 'note', { n: 3 }, {});
  await settled();
  t.deepEqual(seen, [1, 3]);
});

test('no more handlers run at once than allowed, and what waits is left to other servers', async (t) => {
  const release: (() => void)[] = [];
  const methods = { slow: () => new Promise<void>((resolve) => release.push(resolve)) };
  const { client, server, start } = await aPair(t, { methods, server: { maxConcurrent: 2 } });
  const calls = Array.from({ length: 4 }, () => client.call(TARGET, 'slow', {}, {}, SOON));
  await settled();
  t.is(release.length, 2);
  release.shift()?.();
  await settled();
  t.is(release.length, 2, 'the freed slot went to the third');

  const stopping = server.stop();
  await start('two');
  await turnsUntil(() => release.length === 3);
  for (const answer of release) answer();
  await stopping;
  t.deepEqual(await Promise.all(calls), [null, null, null, null]);
});

test('a request runs at most once: it is acknowledged before, so a server that dies takes it along', async (t) => {
  let begun = 0;
  const methods = { slow: () => new Promise(() => (begun += 1)) };
  const { client, serverSide, memory } = await aPair(t, { methods });
  const call = client.call(TARGET, 'slow', {}, {}, SOON);
  call.catch(() => undefined);
  await settled();
  t.is(begun, 1);
  await serverSide.close();
  t.is(memory.topology().queues.find(({ name }) => name === 'engine')?.messages, 0);
});

test('a server that failed to start takes nothing and may be started again', async (t) => {
  const { memory, client, server } = await aPair(t);
  await server.stop();
  const inner = recording(memory.connect());
  let refusals = 1;
  const flaky: Broker = {
    ...inner,
    consume: (queue, onDelivery, options) =>
      queue === 'engine.two' && refusals-- > 0
        ? Promise.reject(new FenixError('transient', 'broker-closed', 'away'))
        : inner.consume(queue, onDelivery, options),
  };
  const seen: unknown[] = [];
  const endpoints = [{ version: '1.0', methods: { note: ({ n }: Record<string, unknown>) => void seen.push(n) } }];
  const common = { exchange: 'openstack', clock: new SystemMachineClock(), logger: silentLogger };
  const second = new RpcServer({ ...common, broker: flaky, topic: TARGET.topic, server: 'two', endpoints });
  await t.throwsAsync(second.start(), { code: 'broker-closed' });
  await client.cast(TARGET, 'note', { n: 1 }, {});
  await settled();
  t.deepEqual(seen, [], 'nobody consumes');
  await second.start();
  await settled();
  t.deepEqual(seen, [1]);
  await second.stop();
});

test('stop finishes and answers what was accepted, and leaves only shared queues', async (t) => {
  let finish: () => void = () => undefined;
  const methods = { slow: () => new Promise((resolve) => (finish = () => resolve('finished'))) };
  const { client, server, memory } = await aPair(t, { methods });
  const call = client.call(TARGET, 'slow', {}, {}, SOON);
  await settled();
  let stopped = false;
  const stopping = server.stop().then(() => (stopped = true));
  await settled();
  t.false(stopped, 'something still runs');
  finish();
  await stopping;
  t.is(await call, 'finished');
  const left = memory.topology().queues.map(({ name }) => name.replace(/[0-9a-f]{32}/, '*'));
  t.deepEqual(left.sort(), ['engine', 'engine.one', 'reply_*']);
});

test('a reply waits a while for a reply queue that is gone, later ones to it are dropped at once', async (t) => {
  const clock = new ManualMachineClock();
  const { memory, serverSide } = await aPair(t, { clock, methods: ECHO });
  const broker = memory.connect();
  const request = { method: 'echo', args: { x: 1 }, _msg_id: 'm', _reply_q: 'away' };
  const LASTING = { durable: false, autoDelete: false };

  await broker.publish(aMessage('engine', request));
  await settled();
  await broker.declareQueue('away', LASTING);
  const back = await collect(broker, 'away');
  clock.advanceMs(250);
  await turnsUntil(() => back.length === 1);

  await broker.deleteQueue('away');
  await broker.publish(aMessage('engine', request));
  for (let tries = 0; tries < 241; tries += 1) {
    await settled();
    clock.advanceMs(250);
  }
  await settled();
  const given = serverSide.published.length;
  await broker.publish(aMessage('engine', request));
  await settled();
  clock.advanceMs(10_000);
  await settled();
  t.is(serverSide.published.length, given + 1, 'one attempt, no repeats');
});

test('casts fail with the error of the broker, and a target needs a topic', async (t) => {
  const { client, clientSide } = await aPair(t);
  await t.throwsAsync(client.cast({ topic: '' }, 'm', {}, {}), { code: 'invalid-target' });
  await clientSide.close();
  await t.throwsAsync(client.cast(TARGET, 'm', {}, {}), { code: 'broker-closed' });
});
