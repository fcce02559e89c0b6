import type { ChannelModel } from 'amqplib';
import type { MachineClock } from '../../common/clock.js';
import { Stopped } from '../../common/errors.js';
import { createRandom, type Random } from '../../common/random.js';
import { brokerClosed } from '../broker-errors.js';
import type { TransportHost } from '../transport-url.js';
import { connectTo } from './connect.js';
import type { Outage } from './outage.js';
import { type AmqpSettings, retryIntervalMs } from './settings.js';

export interface LinkOptions {
  /** One of the outage's purposes. */
  readonly purpose: string;
  readonly settings: AmqpSettings;
  readonly clock: MachineClock;
  readonly outage: Outage;
  /** Brings back what this client had, before anybody else is given the connection. */
  restore(connection: ChannelModel): Promise<void>;
  /** Publishing was held up or may go on. */
  onBlocked?(isBlocked: boolean): void;
}

/** How long closing may wait for a broker that does not answer. */
const CLOSE_WITHIN_MS = 2000;

/** Keeps one connection to one of the hosts, for ever: lost or never had, it is tried again and again. */
export class Link {
  private readonly closing = new AbortController();
  private readonly random: Random = createRandom(Math.floor(Math.random() * 2 ** 32));
  private hosts: readonly TransportHost[];
  private next = 0;
  private connection: ChannelModel | undefined;
  private readonly lost = new WeakSet<ChannelModel>();
  private waiters: Array<{ resolve(connection: ChannelModel): void; reject(error: Error): void }> = [];

  constructor(private readonly options: LinkOptions) {
    this.hosts = this.random.shuffle(options.settings.hosts);
  }

  /** The connection if there is one at this moment. */
  get current(): ChannelModel | undefined {
    return this.connection;
  }

  isLost(connection: ChannelModel): boolean {
    return this.lost.has(connection);
  }

  /** Waits for the connection; rejects with `broker-closed`. */
  opened(): Promise<ChannelModel> {
    if (this.closing.signal.aborted) return Promise.reject(brokerClosed());
    if (this.connection) return Promise.resolve(this.connection);
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  /** Begins; resolves when the link is closed. */
  async run(): Promise<void> {
    for (let wasOpen = false; !this.closing.signal.aborted; wasOpen = true) {
      try {
        const reconnectMs = this.options.settings.options.kombuReconnectDelay * 1000;
        if (wasOpen) await this.options.clock.sleepMs(reconnectMs, this.closing.signal);
        await this.hold(...(await this.connect()));
      } catch (thrown) {
        if (!(thrown instanceof Stopped)) throw thrown;
      }
    }
  }

  async close(): Promise<void> {
    this.closing.abort();
    for (const { reject } of this.waiters.splice(0)) reject(brokerClosed());
    if (this.connection) await this.closeQuietly(this.connection);
  }

  /** Offers a connection until it is gone. */
  private async hold(connection: ChannelModel, { host, port }: TransportHost): Promise<void> {
    const { purpose, outage, restore, onBlocked } = this.options;
    const where = `${host}:${port}`;
    const gone = new Promise<unknown>((resolve) => {
      connection.once('close', (error?: Error) => {
        this.lost.add(connection);
        this.connection = undefined;
        resolve(error);
      });
    });
    // What happened is told by 'close' as well.
    connection.on('error', () => undefined);
    connection.on('blocked', (reason) => {
      outage.blocked(purpose, reason);
      onBlocked?.(true);
    });
    connection.on('unblocked', () => {
      outage.unblocked(purpose);
      onBlocked?.(false);
    });
    await restore(connection);
    if (this.closing.signal.aborted) await this.closeQuietly(connection);
    if (!this.isLost(connection)) {
      this.connection = connection;
      outage.connected(purpose, where);
      onBlocked?.(false);
      for (const { resolve } of this.waiters.splice(0)) resolve(connection);
    }
    const error = await gone;
    if (!this.closing.signal.aborted) outage.lost(purpose, where, error);
  }

  /** Tries the hosts in turn, with a growing wait after each round. */
  private async connect(): Promise<[ChannelModel, TransportHost]> {
    const { settings, clock, outage, purpose } = this.options;
    for (let rounds = 1; ; rounds += 1) {
      if (settings.options.kombuFailoverStrategy === 'shuffle') this.hosts = this.random.shuffle(this.hosts);
      for (let tried = 1; tried <= this.hosts.length; tried += 1) {
        if (this.closing.signal.aborted) throw new Stopped();
        const host = this.hosts[this.next++ % this.hosts.length] as TransportHost;
        const where = `${host.host}:${host.port}`;
        try {
          return [await connectTo(host, settings), host];
        } catch (error) {
          outage.attemptFailed(purpose, where, error);
          if (tried === this.hosts.length) outage.roundFailed(where, error);
        }
      }
      await clock.sleepMs(retryIntervalMs(settings.options, rounds), this.closing.signal);
    }
  }

  private async closeQuietly(connection: ChannelModel): Promise<void> {
    const done = new AbortController();
    const limit = this.options.clock.sleepMs(CLOSE_WITHIN_MS, done.signal).catch(() => undefined);
    await Promise.race([connection.close().catch(() => undefined), limit]);
    done.abort();
  }
}
