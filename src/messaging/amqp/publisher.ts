import type { OutgoingMessage, PublishOptions } from '../broker.js';
import { brokerClosed } from '../broker-errors.js';
import { ExchangeChannel } from './exchange-channel.js';
import type { Link } from './link.js';

/** Publishes with confirms, as many messages at once as come, and nothing while the broker says that it is blocked. */
export class AmqpPublisher {
  /** The broker closes a channel on which an unknown exchange is named: no other one is to suffer. */
  private readonly channels = new Map<string, ExchangeChannel>();
  private readonly underway = new Set<Promise<void>>();
  private isBlocked = false;
  private isClosed = false;

  constructor(
    private readonly link: Link,
    /** Why nothing can be sent; undefined if it can. */
    private readonly reason: () => string | undefined,
  ) {}

  publish(message: OutgoingMessage, options: PublishOptions = {}): Promise<void> {
    if (this.isClosed) return Promise.reject(brokerClosed());
    const result = this.channelFor(message.exchange).publish(message, options.signal);
    this.underway.add(result);
    const ended = (): void => void this.underway.delete(result);
    result.then(ended, ended);
    return result;
  }

  setBlocked(isBlocked: boolean): void {
    this.isBlocked = isBlocked;
    for (const channel of this.channels.values()) channel.flush();
  }

  /** Waits for what can still leave, then ends the rest; nothing is taken any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.link.current && !this.isBlocked) await Promise.allSettled(this.underway);
    this.abandon();
  }

  /** Ends what has not been confirmed. */
  abandon(): void {
    this.isClosed = true;
    for (const channel of this.channels.values()) channel.abandon();
  }

  private channelFor(exchange: string): ExchangeChannel {
    const known = this.channels.get(exchange);
    if (known) return known;
    const pause = (): boolean => this.isBlocked;
    const channel = new ExchangeChannel(this.link, pause, () => this.reason() ?? 'no answer yet');
    this.channels.set(exchange, channel);
    return channel;
  }
}
