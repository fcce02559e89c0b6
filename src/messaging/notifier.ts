import type { MachineClock } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { Broker } from './broker.js';
import { encodeBare, encodeMessage, MESSAGE_PROPERTIES } from './envelope.js';
import { notificationContent, type OutgoingNotification } from './notification.js';
import { Publisher } from './publisher.js';
import { notificationQueue, Topology, type TopologySettings } from './topology.js';

/** `messaging`: bare JSON (format 1); `messagingv2`: in the envelope (format 2). */
export type NotificationDriver = 'messaging' | 'messagingv2' | 'log' | 'noop';

export interface NotifierOptions {
  readonly broker: Broker;
  /** The control exchange; Ceilometer and others listen to the shared queues bound to it. */
  readonly exchange: string;
  readonly drivers: readonly NotificationDriver[];
  readonly clock: MachineClock;
  readonly logger: Logger;
  /** Default `notifications`. */
  readonly topics?: readonly string[];
  readonly topology?: TopologySettings;
  /** Per topic, default 10 s. */
  readonly publishTimeoutMs?: number;
}

const PUBLISH_TIMEOUT_MS = 10_000;

/** oslo.messaging's notifier, except that it tells its caller when sending failed. */
export class Notifier {
  private readonly topology: Topology;
  private readonly publisher: Publisher;

  constructor(private readonly options: NotifierOptions) {
    this.topology = new Topology(options.broker, options.topology);
    this.publisher = new Publisher(options.broker, options.clock);
  }

  /**
   * Sends by every driver to every topic; resolves when the broker has confirmed all. Rejects with the broker's error;
   * `inDoubt` there means that it may have gone out, by one driver or to one topic at least.
   */
  async send(notification: OutgoingNotification): Promise<void> {
    const content = notificationContent(notification);
    let published = 0;
    try {
      for (const driver of this.options.drivers) {
        if (driver === 'log') this.options.logger.info({ notification: content }, 'notification');
        if (driver !== 'messaging' && driver !== 'messagingv2') continue;
        const body = driver === 'messaging' ? encodeBare(content) : encodeMessage(content);
        for (const topic of this.options.topics ?? ['notifications']) {
          await this.publish(topic, String(content.priority), body);
          published += 1;
        }
      }
    } catch (thrown) {
      throw published > 0 ? sentInPart(thrown) : thrown;
    }
  }

  private async publish(topic: string, priority: string, body: Buffer): Promise<void> {
    const { exchange, publishTimeoutMs = PUBLISH_TIMEOUT_MS } = this.options;
    const queue = notificationQueue(topic, priority);
    // The queue is declared here as well: with no listener yet the message must wait, not vanish. Hence mandatory.
    const declare = () => this.topology.declareTopicQueue(exchange, queue, [queue]);
    const needs = { key: queue, bindsQueue: true, declare };
    const message = { exchange, routingKey: queue, body, properties: MESSAGE_PROPERTIES, mandatory: true };
    await this.publisher.publish(message, { limit: publishTimeoutMs, needs });
  }
}

/** Somebody has it already: whoever must not get it twice must not be sent all of it again. */
function sentInPart(thrown: unknown): unknown {
  if (!(thrown instanceof FenixError) || thrown.inDoubt) return thrown;
  const { kind, code, message, status } = thrown;
  const details = { cause: thrown, inDoubt: true, ...(status !== undefined && { status }) };
  return new FenixError(kind, code, `${message} Before that, it was sent in part.`, details);
}
