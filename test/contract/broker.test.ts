import { FenixError } from '../../src/common/errors.js';
import type { Broker } from '../../src/messaging/broker.js';
import { decodeMessage } from '../../src/messaging/envelope.js';
import { story } from '../support/brokers.js';
import { eventually } from '../support/eventually.js';
import { aMessage, collect, hold } from '../support/messaging.js';

const LASTING = { durable: false, autoDelete: false };
const PASSING = { durable: false, autoDelete: true };

async function withQueues(broker: Broker, ...queues: string[]): Promise<void> {
  for (const queue of queues) await broker.declareQueue(queue, LASTING);
}

const numbers = (contents: readonly Record<string, unknown>[] = []): unknown[] => contents.map(({ n }) => n);

story('a topic exchange routes by words, stars and hashes, and each queue gets a message once', async (t, all) => {
  const broker = all.connect();
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
  await broker.publish(aMessage('a.b', { n: 'last' }, { exchange: 'x' }));
  await eventually(() => Object.values(got).every((contents) => numbers(contents).includes('last')));
  t.deepEqual(numbers(got.exact), [0, 'last']);
  t.deepEqual(numbers(got.star), [0, 1, 'last']);
  t.deepEqual(numbers(got.hash), [0, 1, 2, 3, 'last']);
});

story('a fanout exchange copies to every queue, a direct one compares keys', async (t, all) => {
  const broker = all.connect();
  await broker.declareExchange('all', 'fanout', LASTING);
  await broker.declareExchange('one', 'direct', LASTING);
  await withQueues(broker, 'q1', 'q2');
  for (const queue of ['q1', 'q2']) await broker.bindQueue(queue, 'all', '');
  await broker.bindQueue('q2', 'one', 'key');
  const [first, second] = [await collect(broker, 'q1'), await collect(broker, 'q2')];
  await broker.publish(aMessage('', { n: 1 }, { exchange: 'all' }));
  await broker.publish(aMessage('key', { n: 2 }, { exchange: 'one' }));
  await broker.publish(aMessage('other', { n: 3 }, { exchange: 'one' }));
  await broker.publish(aMessage('', { n: 4 }, { exchange: 'all' }));
  await eventually(() => numbers(first).includes(4) && numbers(second).includes(4));
  // Channels of different exchanges have no order among them.
  t.deepEqual(
    [numbers(first), numbers(second).sort()],
    [
      [1, 4],
      [1, 2, 4],
    ],
  );
});

story('consumers of a queue take turns, and prefetch holds one back until it settles', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  const slow = await hold(broker, 'work', 1);
  const fast = await collect(broker, 'work');
  for (let n = 0; n < 5; n += 1) await broker.publish(aMessage('work', { n }));
  await eventually(() => slow.length === 1 && fast.length === 4);
  t.deepEqual(numbers(fast), [1, 2, 3, 4]);
  slow[0]?.ack();
  await eventually(async () => {
    await broker.publish(aMessage('work', { n: 5 }));
    return slow.length === 2;
  });
  t.is(slow.length, 2);
});

story('what is rejected with requeue comes again at its old place, without requeue it is gone', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  for (let n = 0; n < 3; n += 1) await broker.publish(aMessage('work', { n }));
  const held = await hold(broker, 'work', 1);
  const settleNext = async (requeue: boolean): Promise<void> => {
    const place = held.length;
    held.at(-1)?.reject({ requeue });
    await eventually(() => held.length > place);
  };
  await eventually(() => held.length === 1);
  await settleNext(true);
  await settleNext(false);
  await settleNext(false);
  t.deepEqual(
    held.map((delivery) => [decodeMessage(delivery).n, delivery.redelivered]),
    [
      [0, false],
      [0, true],
      [1, false],
      [2, false],
    ],
  );
  t.throws(() => held[0]?.ack(), { instanceOf: FenixError, message: /settled before/ });
});

story('deliveries that a closed client had not settled go to another one, marked as redelivered', async (t, all) => {
  const [dying, living] = [all.connect(), all.connect()];
  await withQueues(dying, 'work');
  const lost = await hold(dying, 'work');
  await dying.publish(aMessage('work', { n: 1 }));
  await eventually(() => lost.length === 1);
  await dying.close();
  lost[0]?.ack(); // too late: means nothing
  const taken = await hold(living, 'work');
  await eventually(() => taken.length === 1);
  t.true(taken[0]?.redelivered);
  for (const refused of [
    dying.publish(aMessage('work', {})),
    dying.declareQueue('work', LASTING),
    dying.consume('work', () => undefined),
  ]) {
    await t.throwsAsync(refused, { code: 'broker-closed' });
  }
});

story('closing lets begun publishes finish', async (t, all) => {
  const [sender, receiver] = [all.connect(), all.connect()];
  await withQueues(receiver, 'work');
  await sender.declareQueue('work', LASTING);
  const got = await collect(receiver, 'work');
  const publishing = Array.from({ length: 50 }, (_, n) => sender.publish(aMessage('work', { n })));
  await sender.close();
  await Promise.all(publishing);
  await eventually(() => got.length === 50);
  t.deepEqual(numbers(got), [...publishing.keys()]);
});

story('a cancelled consumer gets nothing more but may settle what it has', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  const seen = [] as (() => void)[];
  const consumer = await broker.consume('work', (delivery) => seen.push(() => delivery.ack()));
  await broker.publish(aMessage('work', { n: 1 }));
  await eventually(() => seen.length === 1);
  await consumer.cancel();
  await consumer.cancel();
  await broker.publish(aMessage('work', { n: 2 }));
  seen[0]?.();
  await broker.close();
  const later = all.connect();
  const left = await collect(later, 'work');
  await later.publish(aMessage('work', { n: 3 }));
  await eventually(() => numbers(left).includes(3));
  t.deepEqual(numbers(left), [2, 3]);
  t.is(seen.length, 1);
});

story('a mandatory message that no queue takes is unroutable, another one vanishes', async (t, all) => {
  const broker = all.connect();
  await broker.publish(aMessage('nobody', {}));
  const unroutable = await t.throwsAsync(broker.publish(aMessage('nobody', {}, { mandatory: true })));
  t.like(unroutable, { code: 'unroutable', kind: 'transient', status: 312, inDoubt: false });
  const both = await Promise.allSettled([
    broker.publish(aMessage('nobody', {}, { mandatory: true })),
    broker.publish(aMessage('nobody', {})),
  ]);
  t.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
});

story('what is not there is an error, which harms nothing else on the connection', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  const got = await collect(broker, 'work');
  const nowhere = await t.throwsAsync(broker.publish(aMessage('k', {}, { exchange: 'nowhere' })));
  t.like(nowhere, { code: 'no-exchange', kind: 'missing', inDoubt: false });
  await t.throwsAsync(broker.bindQueue('work', 'nowhere', ''), { code: 'no-exchange' });
  await t.throwsAsync(
    broker.consume('nobody', () => undefined),
    { code: 'no-queue' },
  );
  await t.throwsAsync(broker.publish(aMessage('work', {}, { properties: { expiration: 'soon' } })), {
    code: 'precondition-failed',
  });
  await broker.deleteQueue('nobody');
  await broker.publish(aMessage('work', { n: 1 }));
  await eventually(() => got.length === 1);
  await broker.declareExchange('nowhere', 'fanout', LASTING);
  await broker.publish(aMessage('k', {}, { exchange: 'nowhere' }));
});

story('a declaration with other options is refused like a 406, the same one is harmless', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  const got = await collect(broker, 'work');
  await broker.declareExchange('x', 'topic', LASTING);
  await broker.declareExchange('x', 'topic', LASTING);
  await broker.declareQueue('q', { ...LASTING, arguments: { 'x-expires': 60_000 } });
  await broker.declareQueue('q', { ...LASTING, arguments: { 'x-expires': 60_000 } });
  const refused = { code: 'precondition-failed' };
  await t.throwsAsync(broker.declareExchange('x', 'fanout', LASTING), refused);
  await t.throwsAsync(broker.declareExchange('x', 'topic', { ...LASTING, durable: true }), refused);
  await t.throwsAsync(broker.declareQueue('q', LASTING), refused);
  const error = await t.throwsAsync<FenixError>(broker.declareQueue('q', { ...LASTING, durable: true }));
  t.like(error, { kind: 'terminal', status: 406 });
  // Operations that came with the refused one are not harmed by it.
  const together = [broker.declareQueue('q', LASTING), broker.declareQueue('other', LASTING)];
  t.deepEqual(
    (await Promise.allSettled(together)).map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  await broker.publish(aMessage('work', { n: 1 }));
  await eventually(() => got.length === 1);
});

story(
  'an auto-delete queue goes with its last consumer, an auto-delete exchange with its last binding',
  async (t, all) => {
    const broker = all.connect();
    await broker.declareExchange('x', 'fanout', PASSING);
    await broker.declareQueue('q', PASSING);
    await broker.bindQueue('q', 'x', '');
    const consumer = await broker.consume('q', () => undefined);
    await broker.publish(aMessage('', {}, { exchange: 'x', mandatory: true }));
    await consumer.cancel();
    await t.throwsAsync(broker.publish(aMessage('', {}, { exchange: 'x' })), { code: 'no-exchange' });
    await t.throwsAsync(broker.publish(aMessage('q', {}, { mandatory: true })), { code: 'unroutable' });
  },
);

story('a publisher may use its buffer again at once', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  const got = await collect(broker, 'work');
  const messages = [aMessage('work', { n: 1 }), aMessage('work', { n: 2 })];
  const publishing = messages.map((message) => {
    const confirmed = broker.publish(message);
    message.body.fill(0);
    return confirmed;
  });
  await Promise.all(publishing);
  await eventually(() => got.length === 2);
  t.deepEqual(numbers(got), [1, 2]);
});

story('a wait that has been ended before the message left leaves nothing behind', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  const got = await collect(broker, 'work');
  const ended = broker.publish(aMessage('work', { n: 1 }), { signal: AbortSignal.abort() });
  t.like(await t.throwsAsync(ended), { code: 'unsent', kind: 'transient', inDoubt: false });
  const signal = new AbortController().signal;
  await broker.publish(aMessage('work', { n: 2 }), { signal });
  await eventually(() => got.length > 0);
  t.deepEqual(numbers(got), [2]);
});

story('properties, and a body of 20 MB, arrive as they left', async (t, all) => {
  const broker = all.connect();
  await withQueues(broker, 'work');
  const held = await hold(broker, 'work');
  const body = Buffer.alloc(20 * 1024 * 1024, 'große Mengen ');
  const properties = {
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    priority: 0,
    expiration: '60000',
    headers: { compression: 'none' },
  } as const;
  await broker.publish({ exchange: '', routingKey: 'work', body, properties });
  await eventually(() => held.length === 1);
  t.deepEqual(held[0]?.properties, properties);
  t.true(held[0]?.body.equals(body));
  t.like(held[0], { exchange: '', routingKey: 'work' });
});
