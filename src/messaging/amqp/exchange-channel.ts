import type { ConfirmChannel, Options } from 'amqplib';
import { FenixError, messageOf } from '../../common/errors.js';
import type { OutgoingMessage } from '../broker.js';
import { brokerClosed, unconfirmed, unroutable, unsent } from '../broker-errors.js';
import { refusal, replyCode } from './errors.js';
import type { Link } from './link.js';

/** A message on its way. */
interface Pending {
  message: OutgoingMessage;
  /** Both only once; later ones mean nothing. */
  resolve(): void;
  reject(error: unknown): void;
  /** By which the broker returns it, if it is mandatory. */
  id?: string;
}

/** The messages to one exchange, in order, on a channel with confirms; a new one on each connection. */
export class ExchangeChannel {
  private readonly waiting: Pending[] = [];
  private readonly written = new Set<Pending>();
  private readonly returned = new Set<string>();
  private channel: ConfirmChannel | undefined;
  private isOpening = false;
  private isFull = false;
  private lastId = 0;
  /** Why the broker closed the channel; stays until there is a new one. */
  private closedBecause: unknown;

  constructor(
    private readonly link: Link,
    private readonly isPaused: () => boolean,
    private readonly reason: () => string,
  ) {}

  /**
   * Resolves when the broker has confirmed. `signal` ends the wait: before the message was written it is `unsent` and
   * stays so, after that `unconfirmed`.
   */
  publish(message: OutgoingMessage, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { message, resolve, reject };
      if (signal) this.endWith(signal, pending);
      this.waiting.push(pending);
      this.flush();
      // A publisher may use its buffer again at once.
      if (this.waiting.at(-1) === pending) pending.message = { ...message, body: Buffer.from(message.body) };
    });
  }

  /** Writes what waits, as far as that is possible now. */
  flush(): void {
    if (this.waiting.length === 0) return;
    if (this.channel === undefined) this.open();
    while (this.channel && !this.isFull && !this.isPaused()) {
      const pending = this.waiting.shift();
      if (pending === undefined) return;
      this.write(this.channel, pending);
    }
  }

  /** Nothing more will happen here. */
  abandon(): void {
    for (const { reject } of this.waiting.splice(0)) reject(brokerClosed());
    for (const { reject } of this.written) reject(unconfirmed('the connection was closed'));
  }

  private endWith(signal: AbortSignal, pending: Pending): void {
    const onAbort = (): void => {
      const place = this.waiting.indexOf(pending);
      if (place >= 0) this.waiting.splice(place, 1);
      settle.reject(place >= 0 ? unsent(this.reason()) : unconfirmed(this.reason()));
    };
    const settle = { resolve: pending.resolve, reject: pending.reject };
    pending.resolve = () => {
      signal.removeEventListener('abort', onAbort);
      settle.resolve();
    };
    pending.reject = (error) => {
      signal.removeEventListener('abort', onAbort);
      settle.reject(error);
    };
    if (signal.aborted) queueMicrotask(onAbort);
    else signal.addEventListener('abort', onAbort, { once: true });
  }

  private write(channel: ConfirmChannel, pending: Pending): void {
    const { exchange, routingKey, body, properties, mandatory = false } = pending.message;
    const options: Options.Publish = { ...properties, mandatory };
    if (mandatory) {
      pending.id = String(++this.lastId);
      options.messageId = pending.id;
    }
    this.written.add(pending);
    try {
      this.isFull = !channel.publish(exchange, routingKey, body, options, (error) => this.end(pending, error));
    } catch (thrown) {
      // amqplib cannot encode it.
      this.written.delete(pending);
      pending.reject(new FenixError('input', 'bad-message', `The message cannot be sent: ${messageOf(thrown)}.`));
    }
  }

  /** The broker's word on a message, or the end of the channel before it. */
  private end(pending: Pending, error: unknown): void {
    this.written.delete(pending);
    const { message, id } = pending;
    if (error !== null) pending.reject(this.failure(error));
    else if (id !== undefined && this.returned.delete(id)) pending.reject(unroutable(message));
    else pending.resolve();
  }

  /** What became of a message without confirmation; those of a closed channel end in the order of writing. */
  private failure(error: unknown): FenixError {
    const code = replyCode(this.closedBecause);
    // Of several, each but the last may have been taken before the one that the broker did not like.
    if (code !== undefined && this.written.size === 0) return refusal(code, this.closedBecause);
    return unconfirmed(messageOf(this.closedBecause ?? error));
  }

  private open(): void {
    if (this.isOpening) return;
    this.isOpening = true;
    this.openOnce()
      .catch((thrown: unknown) => {
        for (const { reject } of this.waiting.splice(0)) reject(thrown);
      })
      .finally(() => {
        this.isOpening = false;
        this.flush();
      });
  }

  /** Returns without a channel when the connection went meanwhile; rejects when there will be none. */
  private async openOnce(): Promise<void> {
    const connection = await this.link.opened();
    let channel: ConfirmChannel;
    try {
      channel = await connection.createConfirmChannel();
    } catch (thrown) {
      if (this.link.current === connection) throw unsent(messageOf(thrown));
      return;
    }
    this.isFull = false;
    this.closedBecause = undefined;
    this.returned.clear();
    channel.on('return', ({ properties }) => this.returned.add(String(properties.messageId)));
    channel.on('drain', () => {
      this.isFull = false;
      this.flush();
    });
    channel.on('error', (error) => {
      this.closedBecause = error;
    });
    channel.once('close', () => {
      this.channel = undefined;
      this.flush();
    });
    this.channel = channel;
  }
}
