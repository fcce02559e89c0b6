import test from 'ava';
import { FenixError } from '../../src/common/errors.js';
import type { Broker, OutgoingMessage } from '../../src/messaging/broker.js';
import { decodeMessage } from '../../src/messaging/envelope.js';
import { type FaultSettings, isCast } from '../../src/messaging/faults.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';
import { aMessage, collect, hold, settled } from '../support/messaging.js';

const LASTING = { durable: false, autoDelete: false };

async function withQueues(broker: Broker, ...queues: string[]): Promise<void> {
  for (const queue of queues) await broker.declareQueue(queue, LASTING);
}

const numbers = (contents: readonly Record<string, unknown>[]): unknown[] => contents.map(({ n }) => n);

test('a topic exchange routes by words, stars and hashes, and each queue gets a message once', async (t) => {
  const broker = new MemoryBroker().connect();
  await broker.declareExchange('x', 'topic', LASTING);
  await withQueues(broker, 'exact', 'star', 'hash');
  for (const [queue, key] of [
    ['exact', 'a.b'],
    ['star', 'a.*'],
    ['hash', 'a.#'],
    ['hash', '#'],
  ] as const) {
    await broker.bindQueue(queue, 'x', key);
  }
  const got = Object.fromEntries(
    await Promise.all(['exact', 'star', 'hash'].map(async (queue) => [queue, await collect(broker, queue)] as const)),
  );
  for (const [n, key] of ['a.b', 'a.c', 'a', 'a.b.c'].entries()) {
    await broker.publish(aMessage(key, { n }, { exchange: 'x' }));
  }
  await settled();
  t.deepEqual(numbers(got.exact ?? []), [0]);
  t.deepEqual(numbers(got.star ?? []), [0, 1]);
  t.deepEqual(numbers(got.hash ?? []), [0, 1, 2, 3]);
});

test('a fanout exchange copies to every queue, a direct one compares keys', async (t) => {
  const broker = new MemoryBroker().connect();
  await broker.declareExchange('all', 'fanout', LASTING);
  await broker.declareExchange('one', 'direct', LASTING);
  await withQueues(broker, 'q1', 'q2');
  for (const queue of ['q1', 'q2']) await broker.bindQueue(queue, 'all', '');
  await broker.bindQueue('q2', 'one', 'key');
  const [first, second] = [await collect(broker, 'q1'), await collect(broker, 'q2')];
  await broker.publish(aMessage('', { n: 1 }, { exchange: 'all' }));
  await broker.publish(aMessage('key', { n: 2 }, { exchange: 'one' }));
  await broker.publish(aMessage('other', { n: 3 }, { exchange: 'one' }));
  await settled();
  t.deepEqual([numbers(first), numbers(second)], [[1], [1, 2]]);
});

test('consumers of a queue take turns, and prefetch holds one back until it settles', async (t) => {
  const memory = new MemoryBroker();
  const broker = memory.connect();
  await withQueues(broker, 'work');
  const slow = await hold(broker, 'work', 1);
  const fast = await collect(broker, 'work');
  for (let n = 0; n < 5; n += 1) await broker.publish(aMessage('work', { n }));
  await settled();
  t.is(slow.length, 1);
  t.deepEqual(numbers(fast), [1, 2, 3, 4]);
  slow[0]?.ack();
  await broker.publish(aMessage('work', { n: 5 }));
  await broker.publish(aMessage('work', { n: 6 }));
  await settled();
  t.is(slow.length, 2);
});

test('what is rejected with requeue comes again at its old place, without requeue it is gone', async (t) => {
  const memory = new MemoryBroker();
  const broker = memory.connect();
  await withQueues(broker, 'work');
  for (let n = 0; n < 3; n += 1) await broker.publish(aMessage('work', { n }));
  const held = await hold(broker, 'work', 2);
  await settled();
  held[1]?.reject({ requeue: false });
  held[0]?.reject({ requeue: true });
  await settled();
  t.deepEqual(
    held.slice(2).map((delivery) => [decodeMessage(delivery).n, delivery.redelivered]),
    [
      [0, true],
      [2, false],
    ],
  );
  t.throws(() => held[0]?.ack(), { instanceOf: FenixError, message: /settled before/ });
});

test('deliveries that a closed client had not settled go to another one, marked as redelivered', async (t) => {
  const memory = new MemoryBroker();
  const [dying, living] = [memory.connect(), memory.connect()];
  await withQueues(dying, 'work');
  const lost = await hold(dying, 'work');
  await dying.publish(aMessage('work', { n: 1 }));
  await settled();
  await dying.close();
  lost[0]?.ack(); // too late: means nothing
  const taken = await hold(living, 'work');
  await settled();
  t.deepEqual(
    taken.map(({ redelivered }) => redelivered),
    [true],
  );
  await t.throwsAsync(dying.publish(aMessage('work', {})), { code: 'broker-closed' });
});

test('a cancelled consumer gets nothing more but may settle what it has', async (t) => {
  const memory = new MemoryBroker();
  const broker = memory.connect();
  await withQueues(broker, 'work');
  const seen: (() => void)[] = [];
  const consumer = await broker.consume('work', (delivery) => seen.push(() => delivery.ack()));
  await broker.publish(aMessage('work', { n: 1 }));
  await settled();
  await consumer.cancel();
  await broker.publish(aMessage('work', { n: 2 }));
  await settled();
  t.is(seen.length, 1);
  seen[0]?.();
  await broker.close();
  t.is(memory.topology().queues[0]?.messages, 1);
});

test('a mandatory message that no queue takes is unroutable; another one vanishes; an unknown exchange is an error', async (t) => {
  const broker = new MemoryBroker().connect();
  await broker.publish(aMessage('nobody', {}));
  const unroutable = await t.throwsAsync(broker.publish(aMessage('nobody', {}, { mandatory: true })));
  t.like(unroutable, { code: 'unroutable', kind: 'transient', status: 312, inDoubt: false });
  await t.throwsAsync(broker.publish(aMessage('k', {}, { exchange: 'nowhere' })), { code: 'no-exchange' });
  await t.throwsAsync(broker.bindQueue('nobody', 'nowhere', ''), { code: 'no-queue' });
});

test('a declaration with other options is refused like a 406, the same one is harmless', async (t) => {
  const broker = new MemoryBroker().connect();
  await broker.declareExchange('x', 'topic', LASTING);
  await broker.declareExchange('x', 'topic', LASTING);
  await broker.declareQueue('q', { ...LASTING, arguments: { 'x-expires': 1000 } });
  await broker.declareQueue('q', { ...LASTING, arguments: { 'x-expires': 1000 } });
  const refused = { code: 'precondition-failed' };
  await t.throwsAsync(broker.declareExchange('x', 'fanout', LASTING), refused);
  await t.throwsAsync(broker.declareExchange('x', 'topic', { ...LASTING, durable: true }), refused);
  await t.throwsAsync(broker.declareQueue('q', LASTING), refused);
  const error = await t.throwsAsync<FenixError>(broker.declareQueue('q', { ...LASTING, durable: true }));
  t.like(error, { kind: 'terminal', status: 406 });
});

test('messages and unused queues expire by machine time', async (t) => {
  t.plan(5);
  const clock = new ManualMachineClock();
  const memory = new MemoryBroker({ clock });
  const broker = memory.connect();
  await broker.declareQueue('reply', { ...LASTING, arguments: { 'x-expires': 5000 } });
  await broker.publish(aMessage('reply', { n: 1 }, { properties: { expiration: '1000' } }));
  await broker.publish(aMessage('reply', { n: 2 }, { properties: { expiration: '3000' } }));
  clock.advanceMs(2000);
  const consumer = await broker.consume('reply', (delivery) => {
    t.is(decodeMessage(delivery).n, 2);
    delivery.ack();
  });
  await settled();
  clock.advanceMs(60_000);
  t.is(memory.topology().queues.length, 1, 'a consumed queue stays');
  await consumer.cancel();
  clock.advanceMs(4999);
  t.is(memory.topology().queues.length, 1);
  clock.advanceMs(1);
  t.deepEqual(memory.topology().queues, []);
  await t.throwsAsync(broker.publish(aMessage('reply', {}, { properties: { expiration: 'soon' } })), {
    code: 'precondition-failed',
  });
});

test('an auto-delete queue goes with its last consumer, an auto-delete exchange with its last binding', async (t) => {
  const memory = new MemoryBroker();
  const broker = memory.connect();
  await broker.declareExchange('x', 'fanout', { durable: false, autoDelete: true });
  await broker.declareQueue('q', { durable: false, autoDelete: true });
  await broker.bindQueue('q', 'x', '');
  const consumer = await broker.consume('q', () => undefined);
  t.is(memory.topology().bindings.length, 1);
  await consumer.cancel();
  t.deepEqual(memory.topology(), { exchanges: [], queues: [], bindings: [] });
});

test('a publisher may use its buffer again at once', async (t) => {
  const broker = new MemoryBroker().connect();
  await withQueues(broker, 'work');
  const got = await collect(broker, 'work');
  const message = aMessage('work', { n: 1 });
  const publishing = broker.publish(message);
  message.body.fill(0);
  await publishing;
  await settled();
  t.deepEqual(numbers(got), [1]);
});

/** What arrives of 200 messages under faults. */
async function arrivals(faults: FaultSettings, make = (n: number): OutgoingMessage => aMessage('work', { n })) {
  const broker = new MemoryBroker({ faults }).connect();
  await withQueues(broker, 'work');
  const got = await collect(broker, 'work');
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => broker.publish(make(n))));
  await new Promise((resolve) => setImmediate(resolve));
  for (let quiet = 0, last = -1; quiet < 50; last = got.length) {
    await settled();
    quiet = got.length === last ? 50 : 0;
  }
  return { got: numbers(got) as number[], unconfirmed: outcomes.filter(({ status }) => status === 'rejected').length };
}

test('faults come from the seed: the same one loses, doubles, delays and reorders the same', async (t) => {
  const faults = { loss: 0.2, duplicates: 0.2, unconfirmed: 0.1, delay: { maxTurns: 5 }, reorder: true };
  const first = await arrivals({ seed: 7, ...faults });
  t.deepEqual(await arrivals({ seed: 7, ...faults }), first);
  t.notDeepEqual(await arrivals({ seed: 8, ...faults }), first);
  const different = new Set(first.got);
  t.true(different.size < 190 && different.size > 130, 'some are lost');
  t.true(first.got.length > different.size, 'some come twice');
  t.true(
    first.got.some((n, index) => n < (first.got[index - 1] ?? 0)),
    'some are overtaken',
  );
  t.true(first.unconfirmed > 5 && first.unconfirmed < 50, 'some are not confirmed');
});

test('delay alone keeps the order and loses nothing', async (t) => {
  const { got, unconfirmed } = await arrivals({ seed: 3, delay: { maxTurns: 4 } });
  t.deepEqual(
    got,
    Array.from({ length: 200 }, (_, n) => n),
  );
  t.is(unconfirmed, 0);
});

test('faults touch only the messages that they are meant for', async (t) => {
  const alternate = (n: number): OutgoingMessage =>
    aMessage('work', { n, method: 'm', ...(n % 2 === 0 && { _msg_id: 'call' }) });
  const { got } = await arrivals({ seed: 1, loss: 1, appliesTo: isCast }, alternate);
  t.deepEqual(
    got,
    Array.from({ length: 100 }, (_, n) => n * 2),
  );
});
