import type { Channel, ChannelModel } from 'amqplib';
import { messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { EntityOptions, ExchangeType, QueueOptions } from '../broker.js';
import { refusal, replyCode } from './errors.js';
import type { Link } from './link.js';

/** Something declared; the same again does no harm. */
type Declaration = (channel: Channel) => Promise<unknown>;

/**
 * Declares exchanges, queues and bindings, one after the other on a channel of their own (the broker closes it upon every
 * refusal), and again on each new connection.
 */
export class Declarations {
  private readonly exchanges = new Map<string, Declaration>();
  private readonly queues = new Map<string, Declaration>();
  /** By queue, then by exchange and key. */
  private readonly bindings = new Map<string, Map<string, Declaration>>();
  private channel: Channel | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly link: Link,
    private readonly logger: Logger,
  ) {}

  async exchange(name: string, type: ExchangeType, { durable, autoDelete }: EntityOptions): Promise<void> {
    const declaration: Declaration = (channel) => channel.assertExchange(name, type, { durable, autoDelete });
    await this.run(declaration);
    this.exchanges.set(name, declaration);
  }

  async queue(name: string, { durable, autoDelete, arguments: args = {} }: QueueOptions): Promise<void> {
    const options = { durable, autoDelete, exclusive: false, arguments: args };
    const declaration: Declaration = (channel) => channel.assertQueue(name, options);
    await this.run(declaration);
    this.queues.set(name, declaration);
  }

  async binding(queue: string, exchange: string, routingKey: string): Promise<void> {
    const declaration: Declaration = (channel) => channel.bindQueue(queue, exchange, routingKey);
    await this.run(declaration);
    const known = this.bindings.get(queue) ?? new Map<string, Declaration>();
    this.bindings.set(queue, known.set(JSON.stringify([exchange, routingKey]), declaration));
  }

  async deletion(queue: string): Promise<void> {
    this.queues.delete(queue);
    this.bindings.delete(queue);
    await this.run((channel) => channel.deleteQueue(queue));
  }

  /** Declares again what a consumer of this queue needs. Rejects with the first refusal. */
  async renew(queue: string): Promise<void> {
    const bindings = this.bindings.get(queue) ?? new Map<string, Declaration>();
    const exchanges = new Set([...bindings.keys()].map((key) => String((JSON.parse(key) as unknown[])[0])));
    const needed = [
      ...[...exchanges].map((exchange) => this.exchanges.get(exchange)),
      this.queues.get(queue),
      ...bindings.values(),
    ];
    for (const declaration of needed) if (declaration) await this.run(declaration);
  }

  /** Declares everything on a new connection, as far as the broker lets it; what it refuses is logged. */
  async restore(connection: ChannelModel): Promise<void> {
    const bindings = [...this.bindings.values()].flatMap((of) => [...of.values()]);
    const all = [...this.exchanges.values(), ...this.queues.values(), ...bindings];
    let channel: Channel | undefined;
    for (const declaration of all) {
      try {
        channel ??= await openChannel(connection);
        await declaration(channel);
      } catch (thrown) {
        if (replyCode(thrown) === undefined) return; // the connection is gone again
        channel = undefined;
        this.logger.error({ error: messageOf(thrown) }, 'RabbitMQ refuses to have declared again what we had');
      }
    }
    await channel?.close().catch(() => undefined);
  }

  /** In order with all others. Repeated while connections come and go; rejects with what the broker answered. */
  private run(declaration: Declaration): Promise<unknown> {
    const result = this.last.then(() => this.attempt(declaration));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async attempt(declaration: Declaration): Promise<unknown> {
    for (;;) {
      const connection = await this.link.opened();
      let channel: Channel | undefined;
      try {
        channel = await this.channelOn(connection);
        return await declaration(channel);
      } catch (thrown) {
        const code = replyCode(thrown);
        if (code !== undefined) throw refusal(code, thrown);
        // Not the broker's word. With connection and channel still there it would be the same once more.
        if (this.link.current === connection && this.channel === channel) throw thrown;
      }
    }
  }

  private async channelOn(connection: ChannelModel): Promise<Channel> {
    if (this.channel) return this.channel;
    const channel = await openChannel(connection);
    this.channel = channel;
    channel.once('close', () => {
      if (this.channel === channel) this.channel = undefined;
    });
    return channel;
  }
}

/** A channel whose errors are told by what they make fail. */
export async function openChannel(connection: ChannelModel): Promise<Channel> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  return channel;
}
