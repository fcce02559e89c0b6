import { FenixError } from '../common/errors.js';
import type { Broker, EntityOptions, QueueOptions } from './broker.js';
import { newHexId } from './ids.js';

/**
 * Options of `[oslo_messaging_rabbit]` that decide how exchanges and queues are declared; they must be the cloud's, as
 * the broker refuses every other declaration (406).
 */
export interface TopologySettings {
  /** `amqp_durable_queues`. */
  readonly durableQueues: boolean;
  /** `amqp_auto_delete`. */
  readonly autoDelete: boolean;
  /** `rabbit_quorum_queue` with its limits (0 = none); absent = classic queues. */
  readonly quorum?: {
    readonly deliveryLimit: number;
    readonly maxMemoryLength?: number;
    readonly maxMemoryBytes?: number;
  };
  /** `rabbit_ha_queues`. */
  readonly mirrored: boolean;
  /** `rabbit_transient_queues_ttl`: seconds that an unused reply or fanout queue stays. */
  readonly transientQueuesTtlS: number;
}

/** oslo.messaging's defaults. */
export const DEFAULT_TOPOLOGY: TopologySettings = {
  durableQueues: false,
  autoDelete: false,
  mirrored: false,
  transientQueuesTtlS: 1800,
};

/** The settings of `[oslo_messaging_rabbit]`. */
export function topologyFromOptions(options: {
  readonly amqpDurableQueues: boolean;
  readonly amqpAutoDelete: boolean;
  readonly rabbitQuorumQueue: boolean;
  readonly rabbitQuorumDeliveryLimit: number;
  readonly rabbitQuroumMaxMemoryLength: number;
  readonly rabbitQuroumMaxMemoryBytes: number;
  readonly rabbitHaQueues: boolean;
  readonly rabbitTransientQueuesTtl: number;
}): TopologySettings {
  return {
    durableQueues: options.amqpDurableQueues,
    autoDelete: options.amqpAutoDelete,
    ...(options.rabbitQuorumQueue && {
      quorum: {
        deliveryLimit: options.rabbitQuorumDeliveryLimit,
        maxMemoryLength: options.rabbitQuroumMaxMemoryLength,
        maxMemoryBytes: options.rabbitQuroumMaxMemoryBytes,
      },
    }),
    mirrored: options.rabbitHaQueues,
    transientQueuesTtlS: options.rabbitTransientQueuesTtl,
  };
}

/** Names and options by oslo.messaging's rules, and declaring by them. */
export class Topology {
  constructor(
    private readonly broker: Broker,
    private readonly settings: TopologySettings = DEFAULT_TOPOLOGY,
  ) {
    if (settings.mirrored && settings.quorum) {
      throw new FenixError('input', 'bad-config', 'rabbit_ha_queues and rabbit_quorum_queue exclude each other.');
    }
  }

  async declareTopicExchange(exchange: string): Promise<void> {
    await this.broker.declareExchange(exchange, 'topic', this.lasting());
  }

  /** A queue bound by `routingKeys`: topic, server, notification and pool queues. */
  async declareTopicQueue(exchange: string, queue: string, routingKeys: readonly string[]): Promise<void> {
    await this.declareTopicExchange(exchange);
    await this.broker.declareQueue(queue, { ...this.lasting(), arguments: { ...this.quorum(), ...this.mirrored() } });
    for (const routingKey of routingKeys) await this.broker.bindQueue(queue, exchange, routingKey);
  }

  async declareFanoutExchange(topic: string): Promise<void> {
    await this.broker.declareExchange(fanoutExchange(topic), 'fanout', { durable: false, autoDelete: true });
  }

  async declareFanoutQueue(topic: string, queue: string): Promise<void> {
    await this.declareFanoutExchange(topic);
    await this.broker.declareQueue(queue, this.transient());
    await this.broker.bindQueue(queue, fanoutExchange(topic), topic);
  }

  /** Needs no binding: replies go through the default exchange. */
  async declareReplyQueue(queue: string): Promise<void> {
    await this.broker.declareQueue(queue, this.transient());
  }

  private lasting(): EntityOptions {
    const durable = this.settings.durableQueues || this.settings.quorum !== undefined;
    return { durable, autoDelete: this.settings.autoDelete };
  }

  private transient(): QueueOptions {
    const expires = { 'x-expires': this.settings.transientQueuesTtlS * 1000 };
    return { durable: false, autoDelete: false, arguments: { ...expires, ...this.mirrored() } };
  }

  private quorum(): Record<string, unknown> {
    if (this.settings.quorum === undefined) return {};
    const { deliveryLimit, maxMemoryLength = 0, maxMemoryBytes = 0 } = this.settings.quorum;
    return {
      'x-queue-type': 'quorum',
      ...(deliveryLimit > 0 && { 'x-delivery-limit': deliveryLimit }),
      ...(maxMemoryLength > 0 && { 'x-max-in-memory-length': maxMemoryLength }),
      ...(maxMemoryBytes > 0 && { 'x-max-in-memory-bytes': maxMemoryBytes }),
    };
  }

  private mirrored(): Record<string, unknown> {
    return this.settings.mirrored ? { 'x-ha-policy': 'all' } : {};
  }
}

/** Contains no control exchange: the same topic on two of them shares its fanout. */
export function fanoutExchange(topic: string): string {
  return `${topic}_fanout`;
}

export function fanoutQueue(topic: string): string {
  return `${topic}_fanout_${newHexId()}`;
}

export function replyQueue(): string {
  return `reply_${newHexId()}`;
}

/** Queue and routing key of one server. */
export function serverQueue(topic: string, server: string): string {
  return `${topic}.${server}`;
}

/** Queue and routing key of a notification topic, e.g. `notifications.info`. */
export function notificationQueue(topic: string, priority: string): string {
  return `${topic}.${priority.toLowerCase()}`;
}
