/**
 * What Fenix needs of an AMQP 0-9-1 broker. Two implementations: in memory, and amqplib. All of oslo.messaging's rules
 * (envelope, reply queues, duplicates, notifications) live above this border and are the same for both.
 */
export interface Broker {
  /** Declares an exchange; declaring it again with the same options is harmless, with others an error (406). */
  declareExchange(name: string, type: ExchangeType, options: EntityOptions): Promise<void>;
  declareQueue(name: string, options: QueueOptions): Promise<void>;
  bindQueue(queue: string, exchange: string, routingKey: string): Promise<void>;
  deleteQueue(name: string): Promise<void>;
  /**
   * Resolves once the broker has confirmed the message. With `mandatory`, rejects with a FenixError of code
   * `unroutable` when no queue took it. Exchange `''` is the default exchange (routing key = queue name).
   */
  publish(message: OutgoingMessage): Promise<void>;
  /** Deliveries come one by one in order; at most `prefetch` unsettled ones at a time (0 = no limit). */
  consume(queue: string, onDelivery: (delivery: Delivery) => void, options?: { prefetch?: number }): Promise<Consumer>;
  /** Lets confirmed publishes finish, ends consumers, releases everything. */
  close(): Promise<void>;
}
export const Broker: unique symbol = Symbol('Broker');

export type ExchangeType = 'topic' | 'fanout' | 'direct';

export interface EntityOptions {
  readonly durable: boolean;
  readonly autoDelete: boolean;
}

export interface QueueOptions extends EntityOptions {
  /** E.g. `{ 'x-expires': 1800000 }`. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

export interface MessageProperties {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly deliveryMode?: 1 | 2;
  readonly priority?: number;
  /** Milliseconds as a decimal string; the broker drops the message when they have passed. */
  readonly expiration?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: MessageProperties;
  readonly mandatory?: boolean;
}

export interface Delivery {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: MessageProperties;
  readonly redelivered: boolean;
  ack(): void;
  reject(options: { readonly requeue: boolean }): void;
}

export interface Consumer {
  /** No delivery after this resolves; unsettled ones go back to the queue. */
  cancel(): Promise<void>;
}
