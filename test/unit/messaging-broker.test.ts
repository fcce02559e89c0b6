import test from 'ava';
import type { Broker, OutgoingMessage } from '../../src/messaging/broker.js';
import { decodeMessage } from '../../src/messaging/envelope.js';
import { type FaultSettings, isCast } from '../../src/messaging/faults.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';
import { aMessage, collect, settled } from '../support/messaging.js';

const LASTING = { durable: false, autoDelete: false };

async function withQueues(broker: Broker, ...queues: string[]): Promise<void> {
  for (const queue of queues) await broker.declareQueue(queue, LASTING);
}

const numbers = (contents: readonly Record<string, unknown>[]): unknown[] => contents.map(({ n }) => n);

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
