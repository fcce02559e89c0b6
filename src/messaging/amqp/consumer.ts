import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { MachineClock } from '../../common/clock.js';
import type { Consumer, Delivery, MessageProperties } from '../broker.js';
import { settledBefore } from '../broker-errors.js';
import { openChannel } from './declarations.js';
import { LateAcks } from './late-acks.js';

export interface ConsumerOptions {
  readonly queue: string;
  readonly prefetch: number;
  /** Gather acknowledgements by this clock. */
  readonly lateAcks?: MachineClock;
  /** `basic.consume` arguments. */
  readonly arguments: Readonly<Record<string, unknown>>;
  onDelivery(delivery: Delivery): void;
  /** The broker ended it although the connection is there, e.g. because the queue was deleted. */
  onEnded(connection: ChannelModel): void;
  /** It will not consume any more. */
  onCancelled(): void;
}

/** One consumer, on a channel of its own on whichever connection there is. */
export class AmqpConsumer implements Consumer {
  private channel: Channel | undefined;
  private attachment: { readonly connection: ChannelModel; readonly done: Promise<void> } | undefined;
  private tag: string | undefined;
  private cancelled = false;
  private unsettled = 0;
  private lateAcks: LateAcks | undefined;

  constructor(readonly options: ConsumerOptions) {}

  get isCancelled(): boolean {
    return this.cancelled;
  }

  /** Consumes on a connection, unless it does already. Rejects with amqplib's error. */
  attach(connection: ChannelModel): Promise<void> {
    if (this.attachment?.connection === connection) return this.attachment.done;
    const attachment = { connection, done: this.begin(connection) };
    this.attachment = attachment;
    attachment.done.catch(() => {
      if (this.attachment === attachment) this.attachment = undefined;
    });
    return attachment.done;
  }

  private async begin(connection: ChannelModel): Promise<void> {
    const { queue, prefetch, onEnded, lateAcks: clock } = this.options;
    const channel = await openChannel(connection);
    this.lateAcks = clock && new LateAcks(channel, clock);
    this.unsettled = 0;
    this.channel = channel;
    let isConsuming = false;
    const end = (): void => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.attachment = undefined;
      this.lateAcks?.drop();
      if (isConsuming && !this.cancelled) onEnded(connection);
    };
    channel.once('close', end);
    if (prefetch > 0) await channel.prefetch(prefetch);
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message) this.deliver(channel, message);
      else {
        end();
        channel.close().catch(() => undefined);
      }
    };
    const { consumerTag } = await channel.consume(queue, onMessage, { arguments: this.options.arguments });
    isConsuming = true;
    this.tag = consumerTag;
    if (this.cancelled) await this.end(channel);
  }

  async cancel(): Promise<void> {
    if (this.cancelled) return;
    this.cancelled = true;
    this.options.onCancelled();
    if (this.channel) await this.end(this.channel);
  }

  /** Gives back what is unsettled; waits until the acknowledgements before it have left. */
  async close(): Promise<void> {
    this.cancelled = true;
    if (this.channel) this.lateAcks?.flush();
    await this.channel?.close().catch(() => undefined);
  }

  private async end(channel: Channel): Promise<void> {
    if (this.tag === undefined) return;
    // With the connection lost there is nothing left to cancel.
    await channel.cancel(this.tag).catch(() => undefined);
    this.closeIfDone(channel);
  }

  private closeIfDone(channel: Channel): void {
    if (this.cancelled && this.unsettled === 0 && this.channel === channel) {
      this.lateAcks?.flush();
      this.channel = undefined;
      channel.close().catch(() => undefined);
    }
  }

  private deliver(channel: Channel, message: ConsumeMessage): void {
    let isSettled = false;
    const settle = (act: () => void): void => {
      if (isSettled) throw settledBefore();
      isSettled = true;
      // With its channel gone the broker delivers it again, to whomever.
      if (this.channel !== channel) return;
      this.unsettled -= 1;
      act();
      this.closeIfDone(channel);
    };
    const { exchange, routingKey, redelivered } = message.fields;
    this.unsettled += 1;
    this.options.onDelivery({
      exchange,
      routingKey,
      redelivered,
      body: message.content,
      properties: propertiesOf(message),
      ack: () => settle(() => (this.lateAcks ? this.lateAcks.add(message) : channel.ack(message))),
      reject: ({ requeue }) =>
        settle(() => {
          this.lateAcks?.flush();
          channel.reject(message, requeue);
        }),
    });
  }
}

const PROPERTIES = ['contentType', 'contentEncoding', 'deliveryMode', 'priority', 'expiration', 'headers'] as const;

function propertiesOf({ properties }: ConsumeMessage): MessageProperties {
  const given = PROPERTIES.filter((name) => properties[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, properties[name]]));
}
