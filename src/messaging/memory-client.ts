import { FenixError } from '../common/errors.js';
import type {
  Broker,
  Consumer,
  Delivery,
  EntityOptions,
  ExchangeType,
  OutgoingMessage,
  QueueOptions,
} from './broker.js';
import type { Fate, Faults } from './faults.js';
import { type MemoryConsumer, passTurns } from './memory-queue.js';
import type { VirtualHost } from './virtual-host.js';

const AT_ONCE: Fate = { arrivals: [0], confirmLate: 0, confirmed: true, mayBeOvertaken: false };

/** One client's view of a {@link VirtualHost}. */
export class MemoryClient implements Broker {
  private readonly consumers = new Set<MemoryConsumer>();
  private readonly underway = new Set<Promise<unknown>>();
  private closed = false;

  constructor(
    private readonly host: VirtualHost,
    private readonly faults: Faults | undefined,
  ) {}

  declareExchange(name: string, type: ExchangeType, options: EntityOptions): Promise<void> {
    return this.operation(() => this.host.declareExchange(name, type, options));
  }

  declareQueue(name: string, options: QueueOptions): Promise<void> {
    return this.operation(() => this.host.declareQueue(name, options));
  }

  bindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    return this.operation(() => this.host.bindQueue(queue, exchange, routingKey));
  }

  deleteQueue(name: string): Promise<void> {
    return this.operation(() => this.host.deleteQueue(name));
  }

  publish(message: OutgoingMessage): Promise<void> {
    const fate = this.faults?.fateOf(message) ?? AT_ONCE;
    // Copied before the first turn: a publisher may use its buffer again at once.
    const copy = { ...message, body: Buffer.from(message.body) };
    return this.operation(() => this.deliver(copy, fate));
  }

  consume(
    queue: string,
    onDelivery: (delivery: Delivery) => void,
    options: { prefetch?: number } = {},
  ): Promise<Consumer> {
    return this.operation(() => {
      const consumer = this.host.queue(queue).consume(onDelivery, options.prefetch ?? 0);
      this.consumers.add(consumer);
      return { cancel: async () => (this.closed ? undefined : this.operation(() => consumer.cancel())) };
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.underway);
    for (const consumer of this.consumers) consumer.abandon();
    this.consumers.clear();
  }

  private async deliver(message: OutgoingMessage, fate: Fate): Promise<void> {
    const stored = this.host.store(message);
    const queues = this.host.route(message);
    for (const queue of queues) {
      for (const turns of fate.arrivals) queue.arrive(stored, turns, fate.mayBeOvertaken);
    }
    await passTurns(1 + fate.confirmLate);
    if (message.mandatory && queues.length === 0) {
      const where = `'${message.routingKey}' of exchange '${message.exchange}'`;
      throw new FenixError('transient', 'unroutable', `No queue takes ${where}.`, { status: 312 });
    }
    if (!fate.confirmed) {
      throw new FenixError('transient', 'unconfirmed', 'The broker did not confirm the message.', { inDoubt: true });
    }
  }

  /** Runs `work` a turn later, as a network would; operations keep their order. */
  private operation<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.closed) {
      return Promise.reject(new FenixError('transient', 'broker-closed', 'The connection to the broker was closed.'));
    }
    const result = passTurns(1).then(work);
    this.underway.add(result);
    const ended = () => this.underway.delete(result);
    result.then(ended, ended);
    return result;
  }
}
