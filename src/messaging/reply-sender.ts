import type { MachineClock } from '../common/clock.js';
import { FenixError, messageOf, Stopped } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { Broker } from './broker.js';
import { encodeMessage, MESSAGE_PROPERTIES } from './envelope.js';
import { withLimit } from './publisher.js';
import { failureContent, heartbeatContent, type ReplyAddress, resultContent } from './rpc-message.js';

const RETRY_MS = 250;
/** A client that reconnects may yet declare its reply queue again. */
const GIVE_UP_MS = 60_000;
const PUBLISH_TIMEOUT_MS = 10_000;
/** Queue not there (yet), connection not there, word of the broker lost. */
const REPEATED: readonly string[] = ['unroutable', 'unsent', 'unconfirmed'];
const OBSOLETE_QUEUES_REMEMBERED = 200;

/** Sends replies and signs of life; a reply whose queue is gone is tried for a while, then dropped. */
export class ReplySender {
  /** Reply queues that nobody has, with the machine time until which replies to them are dropped at once. */
  private readonly obsolete = new Map<string, number>();

  constructor(
    private readonly broker: Broker,
    private readonly clock: MachineClock,
    private readonly logger: Logger,
    /** `kombu_missing_consumer_retry_timeout`. */
    private readonly giveUpMs = GIVE_UP_MS,
  ) {}

  /** Sends the result; one that is no JSON becomes a failure. Never rejects. */
  async sendResult(address: ReplyAddress, result: unknown, signal: AbortSignal): Promise<void> {
    let body: Buffer;
    try {
      body = encodeMessage(resultContent(address.msgId, result));
    } catch (thrown) {
      body = encodeMessage(failureContent(address.msgId, thrown));
    }
    await this.send(address, body, signal);
  }

  /** Sends what was thrown. Never rejects. */
  async sendFailure(address: ReplyAddress, thrown: unknown, signal: AbortSignal): Promise<void> {
    await this.send(address, encodeMessage(failureContent(address.msgId, thrown)), signal);
  }

  /** Sends signs of life at half the time that the client asked for, until `signal`; none if that is below a second. */
  async sendHeartbeats(address: ReplyAddress, signal: AbortSignal): Promise<void> {
    const intervalS = Math.trunc(address.monitorTimeoutS ?? 0) / 2;
    if (!(intervalS >= 1)) return;
    for (;;) {
      try {
        await this.clock.sleepMs(intervalS * 1000, signal);
        await this.publish(address, encodeMessage(heartbeatContent(address.msgId)));
      } catch (thrown) {
        if (thrown instanceof Stopped) return;
        this.logger.debug({ msgId: address.msgId, error: messageOf(thrown) }, 'RPC heartbeat not sent');
      }
    }
  }

  /** `signal` ends the attempts, not the first of them. */
  private async send(address: ReplyAddress, body: Buffer, signal: AbortSignal): Promise<void> {
    const giveUpAtMs = this.clock.monotonicMs() + (this.isObsolete(address.replyQueue) ? 0 : this.giveUpMs);
    try {
      for (;;) {
        const failure = await this.tryOnce(address, body);
        if (failure === undefined) return;
        if (this.clock.monotonicMs() >= giveUpAtMs) return this.giveUp(address, failure);
        await this.clock.sleepMs(RETRY_MS, signal);
      }
    } catch (thrown) {
      this.logger.warn({ msgId: address.msgId, error: messageOf(thrown) }, 'RPC reply lost');
    }
  }

  /** Why it has to be sent again; undefined if it has not. What comes twice a client drops. */
  private async tryOnce(address: ReplyAddress, body: Buffer): Promise<FenixError | undefined> {
    try {
      await this.publish(address, body);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof FenixError && REPEATED.includes(thrown.code)) return thrown;
      throw thrown;
    }
  }

  private async publish({ replyQueue }: ReplyAddress, body: Buffer): Promise<void> {
    const message = { exchange: '', routingKey: replyQueue, body, properties: MESSAGE_PROPERTIES, mandatory: true };
    await withLimit(this.clock, PUBLISH_TIMEOUT_MS, (signal) => this.broker.publish(message, { signal }));
  }

  private isObsolete(queue: string): boolean {
    return (this.obsolete.get(queue) ?? 0) > this.clock.monotonicMs();
  }

  private giveUp({ replyQueue, msgId }: ReplyAddress, failure: FenixError): void {
    this.logger.warn({ msgId, replyQueue, error: failure.message }, 'RPC reply dropped');
    if (failure.code !== 'unroutable') return;
    this.obsolete.delete(replyQueue);
    this.obsolete.set(replyQueue, this.clock.monotonicMs() + this.giveUpMs);
    const [oldest] = this.obsolete.keys();
    if (oldest !== undefined && this.obsolete.size > OBSOLETE_QUEUES_REMEMBERED) this.obsolete.delete(oldest);
  }
}
