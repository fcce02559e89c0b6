import { messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { Broker, Consumer, Delivery } from './broker.js';
import { Duplicates } from './duplicates.js';
import { type Content, decodeMessage } from './envelope.js';
import { type Notification, type Priority, parseNotification } from './notification.js';
import { notificationQueue, Topology, type TopologySettings } from './topology.js';

export interface NotificationListenerOptions {
  readonly broker: Broker;
  readonly exchange: string;
  readonly topics: readonly string[];
  /** Only these are listened to. */
  readonly priorities: readonly Priority[];
  /** One at a time, in order of arrival. What it throws is logged. */
  readonly onNotification: (notification: Notification) => void | Promise<void>;
  readonly logger: Logger;
  /** Listeners of one pool share a queue of its own; absent = the topic's queues, shared with everybody. */
  readonly pool?: string;
  /** Deliver again, at once, what the handler threw at; default false. */
  readonly requeueOnError?: boolean;
  readonly topology?: TopologySettings;
}

const PREFETCH = 64;

/** oslo.messaging's notification listener: acknowledges after the handler, so a crash means delivery again. */
export class NotificationListener {
  private readonly topology: Topology;
  private readonly duplicates = new Duplicates();
  private consumers: Consumer[] = [];
  private handled: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(private readonly options: NotificationListenerOptions) {
    this.topology = new Topology(options.broker, options.topology);
  }

  async start(): Promise<void> {
    const { exchange, topics, priorities, pool } = this.options;
    const keys = topics.flatMap((topic) => priorities.map((priority) => notificationQueue(topic, priority)));
    const queues = pool === undefined ? keys : [pool];
    for (const queue of queues) {
      await this.topology.declareTopicQueue(exchange, queue, pool === undefined ? [queue] : keys);
    }
    for (const queue of queues) this.consumers.push(await this.consume(queue));
  }

  /** Waits for the handler that runs; what it has not begun goes back. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const consumer of this.consumers.splice(0)) await consumer.cancel();
    await this.handled;
  }

  private consume(queue: string): Promise<Consumer> {
    const onDelivery = (delivery: Delivery): void => {
      this.handled = this.handled.then(() => this.handle(delivery));
    };
    return this.options.broker.consume(queue, onDelivery, { prefetch: PREFETCH });
  }

  /** Never rejects. */
  private async handle(delivery: Delivery): Promise<void> {
    if (this.stopping) return delivery.reject({ requeue: true });
    let content: Content;
    try {
      content = decodeMessage(delivery);
    } catch (thrown) {
      const { queue } = delivery;
      this.options.logger.warn({ queue, error: messageOf(thrown) }, 'unreadable notification dropped');
      return delivery.reject({ requeue: false });
    }
    if (this.duplicates.has(content._unique_id) || (await this.succeeds(content))) {
      this.duplicates.remember(content._unique_id);
      delivery.ack();
    } else delivery.reject({ requeue: true });
  }

  /** Whether the notification is done with. */
  private async succeeds(content: Content): Promise<boolean> {
    const notification = parseNotification(content);
    // The queue was chosen by the routing key; what decides is the message's own priority.
    if (!notification || !this.options.priorities.includes(notification.priority)) return true;
    try {
      await this.options.onNotification(notification);
      return true;
    } catch (thrown) {
      const { eventType, messageId } = notification;
      this.options.logger.warn({ eventType, messageId, error: messageOf(thrown) }, 'notification handler failed');
      return !(this.options.requeueOnError ?? false);
    }
  }
}
