import type { ChannelModel } from 'amqplib';
import type { MachineClock } from '../../common/clock.js';
import { messageOf, Stopped } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
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
} from '../broker.js';
import { brokerClosed } from '../broker-errors.js';
import { tlsOptions } from './connect.js';
import { AmqpConsumer } from './consumer.js';
import { Declarations } from './declarations.js';
import { refusal, replyCode } from './errors.js';
import { Link } from './link.js';
import { Outage } from './outage.js';
import { AmqpPublisher } from './publisher.js';
import { type AmqpSettings, retryIntervalMs } from './settings.js';

/** How long closing waits for confirmations. */
const CLOSE_WITHIN_MS = 5000;

/**
 * RabbitMQ, on two connections that are kept for ever: an alarm of the broker stops the one that publishes, but not the
 * one that consumes and acknowledges. Begins to connect at once; until then operations wait.
 */
export class AmqpBroker implements Broker {
  private readonly outage: Outage;
  private readonly publishing: Link;
  private readonly consuming: Link;
  private readonly publisher: AmqpPublisher;
  private readonly declarations: Declarations;
  private readonly consumers = new Set<AmqpConsumer>();
  private readonly closing = new AbortController();

  /** @throws FenixError `config-invalid` when a file of TLS cannot be read */
  constructor(
    private readonly settings: AmqpSettings,
    private readonly clock: MachineClock,
    private readonly logger: Logger,
  ) {
    if (settings.options.ssl) {
      tlsOptions(settings.options);
      if (settings.options.sslCaFile === '') {
        logger.warn({}, "TLS without ssl_ca_file: RabbitMQ's certificate is not checked");
      }
    }
    this.outage = new Outage(['publishing', 'consuming'], logger);
    const common = { settings, clock, outage: this.outage };
    this.publishing = new Link({
      ...common,
      purpose: 'publishing',
      restore: (connection) => this.declarations.restore(connection),
      onBlocked: (isBlocked) => this.publisher.setBlocked(isBlocked),
    });
    this.consuming = new Link({
      ...common,
      purpose: 'consuming',
      restore: (connection) => this.restoreConsumers(connection),
    });
    this.publisher = new AmqpPublisher(this.publishing, () => this.outage.reason('publishing'));
    this.declarations = new Declarations(this.consuming, logger);
    for (const link of [this.publishing, this.consuming]) void link.run();
  }

  get trouble(): string | undefined {
    return this.closing.signal.aborted ? brokerClosed().message : this.outage.reason();
  }

  declareExchange(name: string, type: ExchangeType, options: EntityOptions): Promise<void> {
    return this.declarations.exchange(name, type, options);
  }

  declareQueue(name: string, options: QueueOptions): Promise<void> {
    return this.declarations.queue(name, options);
  }

  bindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    return this.declarations.binding(queue, exchange, routingKey);
  }

  deleteQueue(name: string): Promise<void> {
    return this.declarations.deletion(name);
  }

  publish(message: OutgoingMessage, options?: PublishOptions): Promise<void> {
    return this.publisher.publish(message, options);
  }

  async consume(
    queue: string,
    onDelivery: (delivery: Delivery) => void,
    { prefetch = this.settings.options.rabbitQosPrefetchCount, lateAcks = false }: ConsumeOptions = {},
  ): Promise<Consumer> {
    const consumer = new AmqpConsumer({
      queue,
      prefetch,
      // With a limit the broker waits for each of them.
      ...(lateAcks && prefetch === 0 && { lateAcks: this.clock }),
      arguments: this.settings.options.enableCancelOnFailover ? { 'x-cancel-on-ha-failover': true } : {},
      onDelivery,
      // Channels end before their connection does, and the next one brings the consumer back by itself.
      onEnded: (connection) => queueMicrotask(() => this.consuming.isLost(connection) || this.revive(consumer)),
      onCancelled: () => this.consumers.delete(consumer),
    });
    for (;;) {
      const connection = await this.consuming.opened();
      try {
        await consumer.attach(connection);
        this.consumers.add(consumer);
        return consumer;
      } catch (thrown) {
        const code = replyCode(thrown);
        if (code !== undefined) throw refusal(code, thrown);
        if (this.consuming.current === connection) throw thrown;
      }
    }
  }

  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    const done = new AbortController();
    const limit = this.clock.sleepMs(CLOSE_WITHIN_MS, done.signal).catch(() => undefined);
    const ended = [this.publisher.close(), ...[...this.consumers].map((consumer) => consumer.close())];
    await Promise.race([Promise.all(ended), limit]);
    done.abort();
    this.publisher.abandon();
    await Promise.all([this.publishing.close(), this.consuming.close()]);
  }

  private async restoreConsumers(connection: ChannelModel): Promise<void> {
    await this.declarations.restore(connection);
    for (const consumer of this.consumers) {
      await consumer.attach(connection).catch((thrown: unknown) => {
        // Otherwise the connection is gone again, and the next one brings it back.
        if (replyCode(thrown) !== undefined) void this.revive(consumer);
      });
    }
  }

  /** Declares a consumer's queue and consumes again, with growing waits for as long as the broker refuses it. */
  private async revive(consumer: AmqpConsumer): Promise<void> {
    const { queue } = consumer.options;
    this.logger.warn({ queue }, 'RabbitMQ ended a consumer; its queue is declared and consumed again');
    for (let failures = 1; !consumer.isCancelled && !this.closing.signal.aborted; failures += 1) {
      let connection: ChannelModel | undefined;
      try {
        await this.declarations.renew(queue);
        connection = await this.consuming.opened();
        return await consumer.attach(connection);
      } catch (thrown) {
        if (connection && this.consuming.isLost(connection)) return;
        if (failures === 1)
          this.logger.error({ queue, error: messageOf(thrown) }, 'a queue cannot be consumed at present');
        await this.pause(retryIntervalMs(this.settings.options, failures));
      }
    }
  }

  private async pause(ms: number): Promise<void> {
    await this.clock.sleepMs(ms, this.closing.signal).catch((thrown: unknown) => {
      if (!(thrown instanceof Stopped)) throw thrown;
    });
  }
}
