import { isDeepStrictEqual } from 'node:util';
import type { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import type { EntityOptions, ExchangeType, OutgoingMessage, QueueOptions } from './broker.js';
import { MemoryQueue, type StoredMessage } from './memory-queue.js';

interface Binding {
  readonly queue: string;
  readonly routingKey: string;
}

interface Exchange {
  readonly type: ExchangeType;
  readonly options: EntityOptions;
  bindings: Binding[];
}

/** What the broker has, as `rabbitmqctl list_…` would tell; for tests and the demo. */
export interface BrokerListing {
  readonly exchanges: readonly ({ readonly name: string; readonly type: ExchangeType } & EntityOptions)[];
  readonly queues: readonly { readonly name: string; readonly options: QueueOptions; readonly messages: number }[];
  /** Without those of the default exchange. */
  readonly bindings: readonly { readonly exchange: string; readonly queue: string; readonly routingKey: string }[];
}

/** Exchanges, queues and bindings of the in-memory broker, with the rules by which RabbitMQ keeps them. */
export class VirtualHost {
  private readonly exchanges = new Map<string, Exchange>();
  private readonly queues = new Map<string, MemoryQueue>();

  constructor(private readonly clock: MachineClock) {}

  topology(): BrokerListing {
    this.expireQueues();
    return {
      exchanges: [...this.exchanges].map(([name, { type, options }]) => ({ name, type, ...options })),
      queues: [...this.queues.values()].map(({ name, options, depth }) => ({ name, options, messages: depth })),
      bindings: [...this.exchanges].flatMap(([exchange, { bindings }]) => bindings.map((b) => ({ exchange, ...b }))),
    };
  }

  declareExchange(name: string, type: ExchangeType, options: EntityOptions): void {
    if (name === '') throw new FenixError('denied', 'access-refused', 'The default exchange cannot be declared.');
    const there = this.exchanges.get(name);
    if (there === undefined) this.exchanges.set(name, { type, options: structuredClone(options), bindings: [] });
    else if (there.type !== type || !sameOptions(there.options, options)) throw declaredOtherwise('exchange', name);
  }

  declareQueue(name: string, options: QueueOptions): void {
    this.expireQueues();
    const there = this.queues.get(name);
    if (there === undefined) {
      const onLastConsumerGone = () => options.autoDelete && this.deleteQueue(name);
      this.queues.set(name, new MemoryQueue(name, structuredClone(options), this.clock, onLastConsumerGone));
    } else if (sameOptions(there.options, options)) there.touch();
    else throw declaredOtherwise('queue', name);
  }

  bindQueue(queue: string, exchange: string, routingKey: string): void {
    this.queue(queue);
    const { bindings } = this.exchange(exchange);
    if (!bindings.some((binding) => binding.queue === queue && binding.routingKey === routingKey)) {
      bindings.push({ queue, routingKey });
    }
  }

  deleteQueue(queue: string): void {
    if (!this.queues.delete(queue)) return;
    for (const [name, exchange] of this.exchanges) {
      const left = exchange.bindings.filter((binding) => binding.queue !== queue);
      const lost = left.length < exchange.bindings.length;
      exchange.bindings = left;
      if (lost && left.length === 0 && exchange.options.autoDelete) this.exchanges.delete(name);
    }
  }

  queue(name: string): MemoryQueue {
    this.expireQueues();
    const queue = this.queues.get(name);
    if (queue === undefined) throw new FenixError('missing', 'no-queue', `There is no queue '${name}'.`);
    return queue;
  }

  /** The queues that take a message: each once, however many bindings match. */
  route({ exchange, routingKey }: OutgoingMessage): MemoryQueue[] {
    this.expireQueues();
    const names = exchange === '' ? [routingKey] : this.boundTo(exchange, routingKey);
    return [...new Set(names)].flatMap((name) => this.queues.get(name) ?? []);
  }

  /** A copy that later changes by the publisher do not reach. */
  store(message: OutgoingMessage): StoredMessage {
    const properties = structuredClone(message.properties);
    if (properties.expiration !== undefined && !/^\d+$/.test(properties.expiration)) {
      throw new FenixError('terminal', 'precondition-failed', `Invalid expiration '${properties.expiration}'.`);
    }
    const expiresAtMs =
      properties.expiration === undefined ? undefined : this.clock.monotonicMs() + Number(properties.expiration);
    const { exchange, routingKey } = message;
    return { exchange, routingKey, body: Buffer.from(message.body), properties, expiresAtMs };
  }

  private boundTo(exchange: string, routingKey: string): string[] {
    const { type, bindings } = this.exchange(exchange);
    return bindings.filter((binding) => matches(type, binding.routingKey, routingKey)).map(({ queue }) => queue);
  }

  private exchange(name: string): Exchange {
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) throw new FenixError('missing', 'no-exchange', `There is no exchange '${name}'.`);
    return exchange;
  }

  private expireQueues(): void {
    for (const [name, queue] of this.queues) if (queue.expired) this.deleteQueue(name);
  }
}

function sameOptions(one: QueueOptions, other: QueueOptions): boolean {
  return (
    one.durable === other.durable &&
    one.autoDelete === other.autoDelete &&
    isDeepStrictEqual(one.arguments ?? {}, other.arguments ?? {})
  );
}

function declaredOtherwise(what: string, name: string): FenixError {
  const message = `The ${what} '${name}' exists with other options; durability and queue type must follow the cloud's.`;
  return new FenixError('terminal', 'precondition-failed', message, { status: 406 });
}

function matches(type: ExchangeType, pattern: string, key: string): boolean {
  if (type === 'fanout') return true;
  return type === 'direct' ? pattern === key : matchesTopic(pattern.split('.'), key.split('.'));
}

/** `*` is exactly one word, `#` any number of them. */
function matchesTopic([word, ...pattern]: readonly string[], key: readonly string[]): boolean {
  if (word === undefined) return key.length === 0;
  if (word === '#')
    return matchesTopic(pattern, key) || (key.length > 0 && matchesTopic([word, ...pattern], key.slice(1)));
  return key.length > 0 && (word === '*' || word === key[0]) && matchesTopic(pattern, key.slice(1));
}
