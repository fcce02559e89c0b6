import type { MachineClock } from '../common/clock.js';
import type { Consumer, Delivery, MessageProperties, QueueOptions } from './broker.js';
import { settledBefore } from './broker-errors.js';

/** A message as the in-memory broker keeps it. */
export interface StoredMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: MessageProperties;
  /** Machine time; undefined = never. */
  readonly expiresAtMs: number | undefined;
}

interface QueuedMessage extends StoredMessage {
  /** Place in the queue, kept when it is given back. */
  readonly place: number;
  redelivered: boolean;
}

interface QueueConsumer {
  readonly onDelivery: (delivery: Delivery) => void;
  readonly prefetch: number;
  readonly unsettled: Set<QueuedMessage>;
}

/** The handle of one consumer: what the port promises, and giving back what it has not settled. */
export interface MemoryConsumer extends Consumer {
  /** The client is gone: its unsettled deliveries return to their places, later settling is ignored. */
  abandon(): void;
}

/** One queue of the in-memory broker: keeps order, hands messages to consumers in turn. */
export class MemoryQueue {
  private readonly ready: QueuedMessage[] = [];
  private readonly consumers: QueueConsumer[] = [];
  private next = 0;
  private places = 0;
  private draining = false;
  private arriving: Promise<void> | undefined;
  private unusedSinceMs: number;

  constructor(
    readonly name: string,
    readonly options: QueueOptions,
    private readonly clock: MachineClock,
    private readonly onLastConsumerGone: () => void,
  ) {
    this.unusedSinceMs = clock.monotonicMs();
  }

  /** Messages that wait for a consumer. */
  get depth(): number {
    this.dropExpired();
    return this.ready.length;
  }

  /** Used without a consumer, e.g. declared again: `x-expires` counts from here. */
  touch(): void {
    this.unusedSinceMs = this.clock.monotonicMs();
  }

  /** Whether `x-expires` has passed without a consumer. */
  get expired(): boolean {
    const expires = this.options.arguments?.['x-expires'];
    if (typeof expires !== 'number' || this.consumers.length > 0) return false;
    return this.clock.monotonicMs() - this.unusedSinceMs >= expires;
  }

  /** Takes a message `turns` turns of the event loop from now; without `mayBeOvertaken` those after it wait for it. */
  arrive(message: StoredMessage, turns: number, mayBeOvertaken: boolean): void {
    if (mayBeOvertaken) {
      void passTurns(turns).then(() => this.push(message));
    } else if (turns === 0 && this.arriving === undefined) {
      this.push(message);
    } else {
      const arrived = (this.arriving ?? Promise.resolve())
        .then(() => passTurns(turns))
        .then(() => {
          this.push(message);
          if (this.arriving === arrived) this.arriving = undefined;
        });
      this.arriving = arrived;
    }
  }

  consume(onDelivery: (delivery: Delivery) => void, prefetch: number): MemoryConsumer {
    const consumer: QueueConsumer = { onDelivery, prefetch, unsettled: new Set() };
    this.consumers.push(consumer);
    this.drainSoon();
    return {
      cancel: async () => this.remove(consumer),
      abandon: () => {
        this.remove(consumer);
        for (const message of consumer.unsettled) this.giveBack(message);
        consumer.unsettled.clear();
      },
    };
  }

  private push(message: StoredMessage): void {
    this.ready.push({ ...message, place: this.places++, redelivered: false });
    this.drainSoon();
  }

  private giveBack(message: QueuedMessage): void {
    message.redelivered = true;
    const behind = this.ready.findIndex((other) => other.place > message.place);
    this.ready.splice(behind === -1 ? this.ready.length : behind, 0, message);
    this.drainSoon();
  }

  private remove(consumer: QueueConsumer): void {
    const index = this.consumers.indexOf(consumer);
    if (index === -1) return;
    this.consumers.splice(index, 1);
    if (this.consumers.length > 0) return;
    this.touch();
    this.onLastConsumerGone();
  }

  private drainSoon(): void {
    if (this.draining) return;
    this.draining = true;
    setImmediate(() => {
      this.draining = false;
      this.drain();
    });
  }

  private drain(): void {
    for (;;) {
      this.dropExpired();
      const message = this.ready[0];
      const consumer = message && this.nextConsumer();
      if (message === undefined || consumer === undefined) return;
      this.ready.shift();
      consumer.unsettled.add(message);
      consumer.onDelivery(this.delivery(message, consumer));
    }
  }

  private dropExpired(): void {
    const now = this.clock.monotonicMs();
    while (this.ready[0]?.expiresAtMs !== undefined && this.ready[0].expiresAtMs <= now) this.ready.shift();
  }

  private nextConsumer(): QueueConsumer | undefined {
    for (let tried = 0; tried < this.consumers.length; tried += 1) {
      const consumer = this.consumers[this.next++ % this.consumers.length];
      if (consumer && (consumer.prefetch === 0 || consumer.unsettled.size < consumer.prefetch)) return consumer;
    }
    return undefined;
  }

  private delivery(message: QueuedMessage, consumer: QueueConsumer): Delivery {
    let settled = false;
    const settle = (then: () => void): void => {
      if (settled) throw settledBefore();
      settled = true;
      if (!consumer.unsettled.delete(message)) return;
      then();
      this.drainSoon();
    };
    return {
      queue: this.name,
      exchange: message.exchange,
      routingKey: message.routingKey,
      body: Buffer.from(message.body),
      properties: structuredClone(message.properties),
      redelivered: message.redelivered,
      ack: () => settle(() => undefined),
      reject: ({ requeue }) => settle(() => requeue && this.giveBack(message)),
    };
  }
}

/** Resolves after `turns` turns of the event loop; within a turn, in the order of the calls. */
export async function passTurns(turns: number): Promise<void> {
  for (let passed = 0; passed < turns; passed += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
