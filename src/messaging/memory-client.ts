import { unlessAborted } from '../common/unless-aborted.js';
import type {
  Broker,
  ConsumeOptions,
  Consumer,
  Delivery,
  EntityOptions,
  ExchangeType,
  OutgoingMessage,
  PublishOptions,
  QueueOptions,
} from './broker.js';
import { brokerClosed, unconfirmed, unroutable, unsent } from './broker-errors.js';
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

  get trouble(): string | undefined {
    return this.closed ? brokerClosed().message : undefined;
  }

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

  publish(message: OutgoingMessage, { signal }: PublishOptions = {}): Promise<void> {
    const fate = this.faults?.fateOf(message) ?? AT_ONCE;
    // Copied before the first turn: a publisher may use its buffer again at once.
    const copy = { ...message, body: Buffer.from(message.body) };
    let left = false;
    const published = this.operation(() => {
      if (signal?.aborted) return undefined;
      left = true;
      return this.deliver(copy, fate);
    });
    return signal
      ? unlessAborted(published, signal, () =>
          left ? unconfirmed('the wait was ended') : unsent('the wait was ended'),
        )
      : published;
  }

  consume(queue: string, onDelivery: (delivery: Delivery) => void, options: ConsumeOptions = {}): Promise<Consumer> {
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
      throw unroutable(message);
    }
    if (!fate.confirmed) throw unconfirmed('its word was lost');
  }

  /** Runs `work` a turn later, as a network would; operations keep their order. */
  private operation<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.closed) {
      return Promise.reject(brokerClosed());
    }
    const result = passTurns(1).then(work);
    this.underway.add(result);
    const ended = () => this.underway.delete(result);
    result.then(ended, ended);
    return result;
  }
}
