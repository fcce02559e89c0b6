import type { Broker, Delivery, MessageProperties, OutgoingMessage } from '../../src/messaging/broker.js';
import { decodeMessage, encodeMessage, MESSAGE_PROPERTIES } from '../../src/messaging/envelope.js';
import { passTurns } from '../../src/messaging/memory-queue.js';

/** Passes turns of the event loop until `condition` holds; fails when it does not come true. */
export async function turnsUntil(condition: () => boolean, turns = 2000): Promise<void> {
  for (let passed = 0; passed < turns; passed += 1) {
    if (condition()) return;
    await passTurns(1);
  }
  throw new Error(`The condition did not come true within ${turns} turns.`);
}

/** Enough turns for everything that is underway in memory to settle. */
export const settled = (): Promise<void> => passTurns(100);

export interface Recorded {
  readonly op: 'exchange.declare' | 'queue.declare' | 'queue.bind' | 'basic.consume' | 'queue.delete';
  readonly args: Readonly<Record<string, unknown>>;
}

/** A broker that notes what passes: operations in order, and publishes. */
export function recording(inner: Broker): Broker & { operations: Recorded[]; published: OutgoingMessage[] } {
  const operations: Recorded[] = [];
  const published: OutgoingMessage[] = [];
  const note = (op: Recorded['op'], args: Recorded['args']): number => operations.push({ op, args });
  return {
    operations,
    published,
    get trouble() {
      return inner.trouble;
    },
    declareExchange(exchange, type, options) {
      note('exchange.declare', { exchange, type, durable: options.durable, auto_delete: options.autoDelete });
      return inner.declareExchange(exchange, type, options);
    },
    declareQueue(queue, options) {
      const { durable, autoDelete, arguments: args = {} } = options;
      note('queue.declare', { queue, durable, auto_delete: autoDelete, arguments: args });
      return inner.declareQueue(queue, options);
    },
    bindQueue(queue, exchange, routingKey) {
      note('queue.bind', { queue, exchange, routing_key: routingKey });
      return inner.bindQueue(queue, exchange, routingKey);
    },
    deleteQueue(queue) {
      note('queue.delete', { queue });
      return inner.deleteQueue(queue);
    },
    publish(message, options) {
      published.push(message);
      return inner.publish(message, options);
    },
    consume(queue, onDelivery, options) {
      note('basic.consume', { queue });
      return inner.consume(queue, onDelivery, options);
    },
    close: () => inner.close(),
  };
}

/** A message to the default exchange or another, enveloped like everybody's. */
export function aMessage(
  routingKey: string,
  content: Record<string, unknown>,
  more: Partial<OutgoingMessage> & { properties?: MessageProperties } = {},
): OutgoingMessage {
  const properties = { ...MESSAGE_PROPERTIES, ...more.properties };
  return { exchange: '', routingKey, body: encodeMessage(content), ...more, properties };
}

/** A consumer that acknowledges and collects what the messages say. */
export async function collect(broker: Broker, queue: string): Promise<Record<string, unknown>[]> {
  const collected: Record<string, unknown>[] = [];
  await broker.consume(queue, (delivery) => {
    collected.push(decodeMessage(delivery));
    delivery.ack();
  });
  return collected;
}

/** A consumer that settles nothing. */
export async function hold(broker: Broker, queue: string, prefetch = 0): Promise<Delivery[]> {
  const held: Delivery[] = [];
  await broker.consume(queue, (delivery) => held.push(delivery), { prefetch });
  return held;
}
