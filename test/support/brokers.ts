import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import test, { type ExecutionContext } from 'ava';
import type { Broker, OutgoingMessage } from '../../src/messaging/broker.js';
import { MemoryBroker } from '../../src/messaging/memory-broker.js';
import { connectTo, rabbitUrl } from './services/rabbitmq.js';

/** A broker without anything in it, gone with the test. */
export interface TestBroker {
  /** A client of its own. */
  connect(): Broker;
}

interface BrokerKind {
  readonly name: 'memory' | 'RabbitMQ';
  open(t: ExecutionContext): TestBroker;
}

/** Memory always; RabbitMQ on the server that tests were given, if any. */
const brokerKinds: readonly BrokerKind[] = [
  { name: 'memory', open: () => new MemoryBroker() },
  ...(rabbitUrl === undefined ? [] : [{ name: 'RabbitMQ' as const, open: openRabbit(rabbitUrl) }]),
];

/** The same story with every broker that there is. */
export function story(title: string, tell: (t: ExecutionContext, broker: TestBroker) => Promise<void>): void {
  for (const { name, open } of brokerKinds) test(`${title} (${name})`, (t) => tell(t, open(t)));
}

// Without a server a file says so once, so that `npm test` counts what it did not run.
if (rabbitUrl === undefined) test.skip('RabbitMQ: all of this file', (t) => t.fail());

function openRabbit(url: string): BrokerKind['open'] {
  return (t) => {
    const names = new Names();
    t.teardown(() => names.remove(url));
    return { connect: () => within(connectTo(t, url).broker, names) };
  };
}

/** Keeps apart what tests declare on a shared broker. */
class Names {
  private readonly prefix = `${randomUUID()}.`;
  readonly queues = new Set<string>();
  readonly exchanges = new Set<string>();

  queue(name: string): string {
    const full = this.prefix + name;
    this.queues.add(full);
    return full;
  }

  exchange(name: string): string {
    if (name === '') return name;
    const full = this.prefix + name;
    this.exchanges.add(full);
    return full;
  }

  original(full: string): string {
    return full.startsWith(this.prefix) ? full.slice(this.prefix.length) : full;
  }

  async remove(url: string): Promise<void> {
    const connection = await connect(url.replace(/^rabbit/, 'amqp').replace(/\/$/, ''));
    const channel = await connection.createChannel();
    for (const queue of this.queues) await channel.deleteQueue(queue);
    for (const exchange of this.exchanges) await channel.deleteExchange(exchange);
    await connection.close();
  }
}

/** The same broker, with names that nobody else uses. */
function within(inner: Broker, names: Names): Broker {
  const addressed = (message: OutgoingMessage): OutgoingMessage => ({
    ...message,
    exchange: names.exchange(message.exchange),
    routingKey: message.exchange === '' ? names.queue(message.routingKey) : message.routingKey,
  });
  return {
    get trouble() {
      return inner.trouble;
    },
    declareExchange: (name, type, options) => inner.declareExchange(names.exchange(name), type, options),
    declareQueue: (name, options) => inner.declareQueue(names.queue(name), options),
    bindQueue: (queue, exchange, key) => inner.bindQueue(names.queue(queue), names.exchange(exchange), key),
    deleteQueue: (name) => inner.deleteQueue(names.queue(name)),
    publish: (message, options) => inner.publish(addressed(message), options),
    consume: (queue, onDelivery, options) =>
      inner.consume(
        names.queue(queue),
        (delivery) =>
          onDelivery({
            ...delivery,
            queue,
            exchange: names.original(delivery.exchange),
            routingKey: names.original(delivery.routingKey),
          }),
        options,
      ),
    close: () => inner.close(),
  };
}
