import type { ConsumeMessage } from 'amqplib';
import test from 'ava';
import { LateAcks } from '../../src/messaging/amqp/late-acks.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';
import { settled } from '../support/messaging.js';

function someAcks() {
  const clock = new ManualMachineClock();
  const sent: [number, boolean | undefined][] = [];
  const ack = ({ fields }: ConsumeMessage, allUpTo?: boolean) => void sent.push([fields.deliveryTag, allUpTo]);
  const acks = new LateAcks({ ack }, clock);
  const add = (deliveryTag: number) => acks.add({ fields: { deliveryTag } } as ConsumeMessage);
  return { clock, sent, acks, add };
}

test('acknowledgements leave together after a moment, the last one for all before it', async (t) => {
  const { clock, sent, add } = someAcks();
  add(1);
  add(2);
  clock.advanceMs(19);
  await settled();
  t.deepEqual(sent, []);
  clock.advanceMs(1);
  await settled();
  t.deepEqual(sent, [[2, true]]);
  clock.advanceMs(100);
  await settled();
  t.is(sent.length, 1);
});

test('many of them leave at once, and so does what is flushed', async (t) => {
  const { clock, sent, acks, add } = someAcks();
  for (let tag = 1; tag <= 65; tag += 1) add(tag);
  t.deepEqual(sent, [[64, true]]);
  acks.flush();
  t.deepEqual(sent.at(-1), [65, true]);
  acks.flush();
  clock.advanceMs(20);
  await settled();
  t.is(sent.length, 2);
});

test('with the channel gone nothing is acknowledged on it', async (t) => {
  const { clock, sent, acks, add } = someAcks();
  add(1);
  acks.drop();
  clock.advanceMs(20);
  await settled();
  t.deepEqual(sent, []);
});
