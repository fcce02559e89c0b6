/**
 * What Fenix needs of an AMQP 0-9-1 broker, as one client sees it. Two implementations: in memory, and amqplib. All of
 * oslo.messaging's rules (envelope, reply queues, duplicates, notifications) live above this border and are the same
 * for both. An implementation that loses its connection declares, binds and consumes again by itself what this client
 * had; an operation meanwhile waits or fails, and callers bound it by time-outs of their own.
 *
 * Errors are FenixErrors: `precondition-failed` (terminal: 406, declared before with other options), `no-exchange` and
 * `no-queue` (missing: 404), `unroutable` (transient, certainly not delivered), `unconfirmed` (transient, in doubt),
 * `broker-closed` (transient: this client was closed).
 */
export interface Broker {
  /** Why messages cannot be sent and received at this moment, as far as this client knows; undefined if they can. */
  readonly trouble: string | undefined;
  /** Declares an exchange; declaring it again with the same options is harmless, with others an error (406). */
  declareExchange(name: string, type: ExchangeType, options: EntityOptions): Promise<void>;
  declareQueue(name: string, options: QueueOptions): Promise<void>;
  bindQueue(queue: string, exchange: string, routingKey: string): Promise<void>;
  /** Harmless when there is no such queue. */
  deleteQueue(name: string): Promise<void>;
  /**
   * Resolves once the broker has confirmed the message; what it leads to may be seen before that. With `mandatory`,
   * rejects with `unroutable` when no queue took it. Exchange `''` is the default exchange (routing key = queue name).
   */
  publish(message: OutgoingMessage, options?: PublishOptions): Promise<void>;
  /**
   * Deliveries come one by one in order; at most `prefetch` unsettled ones at a time (0 = no limit). `onDelivery` must
   * not throw.
   */
  consume(queue: string, onDelivery: (delivery: Delivery) => void, options?: ConsumeOptions): Promise<Consumer>;
  /** Lets begun publishes finish, ends consumers, releases everything; unsettled deliveries go back to their queues. */
  close(): Promise<void>;
}

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

export interface ConsumeOptions {
  readonly prefetch?: number;
  /**
   * Acknowledgements may leave a little later, many at once. For a queue that nobody else consumes, whose deliveries are
   * settled in their order.
   */
  readonly lateAcks?: boolean;
}

export interface PublishOptions {
  /**
   * Ends the wait at once: with `unsent` if the message had not left, which it then never does, else with `unconfirmed`.
   */
  readonly signal?: AbortSignal;
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
  /** No delivery after this resolves; those that came before may still be settled. */
  cancel(): Promise<void>;
}
