import { messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { isRefusedLogin } from './errors.js';

/** What the connections of one broker go through, told to the log once per change and not once per attempt. */
export class Outage {
  private state: 'none' | 'away' | 'refused' = 'none';
  private readonly open = new Set<string>();
  private readonly troubles = new Map<string, string>();

  constructor(
    private readonly purposes: readonly string[],
    private readonly logger: Logger,
  ) {}

  /** Why `purpose`, by default any of them, is not served; undefined if it is. */
  reason(purpose?: string): string | undefined {
    const concerned = purpose === undefined ? this.purposes : [purpose];
    const told = concerned.find((one) => this.troubles.has(one));
    if (told !== undefined) return this.troubles.get(told);
    return concerned.every((one) => this.open.has(one)) ? undefined : 'not connected to RabbitMQ yet';
  }

  /** One attempt at one host has failed. */
  attemptFailed(purpose: string, host: string, error: unknown): void {
    this.troubles.set(purpose, `no connection to RabbitMQ (${host}: ${messageOf(error)})`);
    this.logger.debug({ host, connection: purpose, error: messageOf(error) }, 'no connection to RabbitMQ');
  }

  /** All hosts were tried in vain; `error` is what the last one said. */
  roundFailed(host: string, error: unknown): void {
    const refused = isRefusedLogin(error);
    if (this.state === 'refused' || (this.state === 'away' && !refused)) return;
    this.state = refused ? 'refused' : 'away';
    const fields = { host, error: messageOf(error) };
    if (refused) this.logger.error(fields, 'RabbitMQ refuses us: check transport_url and TLS; attempts go on');
    else this.logger.warn(fields, 'RabbitMQ cannot be reached; attempts go on');
  }

  connected(purpose: string, host: string): void {
    this.open.add(purpose);
    this.troubles.delete(purpose);
    this.logger.info({ host, connection: purpose }, 'connected to RabbitMQ');
    if (this.open.size === this.purposes.length) this.state = 'none';
  }

  lost(purpose: string, host: string, error: unknown): void {
    const why = error === undefined ? 'closed' : messageOf(error);
    this.open.delete(purpose);
    this.troubles.set(purpose, `the connection to RabbitMQ was lost (${host}: ${why})`);
    if (this.state === 'none')
      this.logger.warn({ host, connection: purpose, error: why }, 'connection to RabbitMQ lost');
    this.state = 'away';
  }

  /** The broker takes nothing because of an alarm (memory, disk). */
  blocked(purpose: string, reason: string): void {
    this.troubles.set(purpose, `RabbitMQ takes nothing at present (${reason})`);
    this.logger.warn({ connection: purpose, reason }, 'RabbitMQ takes nothing at present; publishing pauses');
  }

  unblocked(purpose: string): void {
    this.troubles.delete(purpose);
    this.logger.info({ connection: purpose }, 'RabbitMQ takes messages again');
  }
}
