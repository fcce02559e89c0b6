import type { MachineClock } from '../common/clock.js';
import { FenixError, messageOf, Stopped } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { Broker, Consumer, Delivery, MessageProperties } from './broker.js';
import { decodeMessage, encodeMessage, MESSAGE_PROPERTIES } from './envelope.js';
import { newHexId } from './ids.js';
import { type Limit, type Prerequisite, Publisher } from './publisher.js';
import { OWN_MODULE, RemoteError, type RemoteException, type RestoreError, restoreFenixError } from './remote-error.js';
import { ReplyWaiter } from './reply-waiter.js';
import { parseReply, type ReplyAddress, requestContent, type WireContext } from './rpc-message.js';
import { fanoutExchange, replyQueue, serverQueue, Topology, type TopologySettings } from './topology.js';
import { isVersion, isVersionCompatible } from './version.js';

/** Whom a request is for. */
export interface RpcTarget {
  readonly topic: string;
  /** One certain server; absent = whichever is free. */
  readonly server?: string;
  readonly namespace?: string;
  /** Version that the method needs at least. */
  readonly version?: string;
  /** The newest version that every server understands, while some are older than we are; absent = no cap. */
  readonly versionCap?: string;
}

export interface CallOptions {
  /** For the whole call: declaring, publishing, the server's work and the reply. Machine time. */
  readonly timeoutMs: number;
  /** Fail earlier when the server gives no sign of life for so many seconds (≥ 2, else it sends none). */
  readonly monitorTimeoutS?: number;
  /** Fail at once with `unroutable` when nobody listens. */
  readonly mandatory?: boolean;
}

export interface RpcClientOptions {
  readonly broker: Broker;
  /** The control exchange. */
  readonly exchange: string;
  readonly clock: MachineClock;
  readonly logger: Logger;
  readonly topology?: TopologySettings;
  /** Modules (Python paths) whose exceptions become errors of our own; default: those that Fenix itself raises. */
  readonly allowedRemoteModules?: Readonly<Record<string, RestoreError>>;
  /** For casts, default 10 s. */
  readonly publishTimeoutMs?: number;
}

type Args = Readonly<Record<string, unknown>>;

const PUBLISH_TIMEOUT_MS = 10_000;
/** Spares the exception that would be made for each call. */
const OVER = new Stopped('the call is over');
const OWN_ERRORS: Readonly<Record<string, RestoreError>> = { [OWN_MODULE]: restoreFenixError };

/** oslo.messaging's RPC client; one per process, as it has one reply queue. */
export class RpcClient {
  private readonly topology: Topology;
  private readonly publisher: Publisher;
  /** Kept for life: a server may still answer a call that began before a reconnect. */
  private readonly replyQueue = replyQueue();
  private readonly waiters = new Map<string, ReplyWaiter>();
  private listening: Promise<void> | undefined;
  private consumer: Consumer | undefined;
  private closed = false;

  constructor(private readonly options: RpcClientOptions) {
    this.topology = new Topology(options.broker, options.topology);
    this.publisher = new Publisher(options.broker, options.clock);
  }

  /**
   * The method's result (null for none). Rejects with a {@link RemoteError} when the server failed (or what that is
   * restored to), with `rpc-timeout` (in doubt) when no answer came in time, or with the broker's error; before anything
   * is sent with `version-cap` or `invalid-target`.
   */
  async call(target: RpcTarget, method: string, args: Args, context: WireContext, options: CallOptions) {
    checkTarget(target);
    if (this.closed) throw new Stopped('the RPC client was closed');
    const address: ReplyAddress = {
      msgId: newHexId(),
      replyQueue: this.replyQueue,
      monitorTimeoutS: options.monitorTimeoutS ?? null,
    };
    const waiter = new ReplyWaiter(this.options.clock, address, options.timeoutMs, (failure) => this.restored(failure));
    this.waiters.set(address.msgId, waiter);
    const over = new AbortController();
    let isPublished = false;
    const published = (): void => {
      isPublished = true;
    };
    try {
      // Published and answered run side by side: a reply may overtake the confirmation.
      const publishing = this.publishCall(target, method, args, context, options, address, over.signal);
      publishing.then(published, (error) => waiter.fail(error));
      return await waiter.result;
    } finally {
      if (!isPublished) over.abort(OVER);
      this.waiters.delete(address.msgId);
    }
  }

  /** Asks one server without waiting for an answer; resolves when the broker has the message. */
  async cast(target: RpcTarget, method: string, args: Args, context: WireContext): Promise<void> {
    checkTarget(target);
    await this.publish(target, this.encode(target, method, args, context), this.publishTimeoutMs, {});
  }

  /** Asks every server of the topic without waiting for answers; nobody listening is no error. */
  async fanout(target: Omit<RpcTarget, 'server'>, method: string, args: Args, context: WireContext): Promise<void> {
    checkTarget(target);
    const { topic } = target;
    const exchange = fanoutExchange(topic);
    const needs = { key: exchange, bindsQueue: false, declare: () => this.topology.declareFanoutExchange(topic) };
    const body = this.encode(target, method, args, context);
    const message = { exchange, routingKey: '', body, properties: MESSAGE_PROPERTIES };
    await this.publisher.publish(message, { limit: this.publishTimeoutMs, needs, mayRepeat: true });
  }

  /** Ends all waits with {@link Stopped}. The reply queue stays until it expires: late replies vanish in it. */
  async close(): Promise<void> {
    this.closed = true;
    for (const waiter of this.waiters.values()) waiter.fail(new Stopped('the RPC client was closed'));
    await this.consumer?.cancel();
  }

  private get publishTimeoutMs(): number {
    return this.options.publishTimeoutMs ?? PUBLISH_TIMEOUT_MS;
  }

  private async publishCall(
    target: RpcTarget,
    method: string,
    args: Args,
    context: WireContext,
    { timeoutMs, mandatory }: CallOptions,
    address: ReplyAddress,
    over: AbortSignal,
  ): Promise<void> {
    const body = this.encode(target, method, args, context, address);
    await this.listen();
    await this.publish(target, body, over, { expiration: String(Math.trunc(timeoutMs)) }, mandatory);
  }

  private async publish(
    { topic, server }: RpcTarget,
    body: Buffer,
    limit: Limit,
    properties: MessageProperties,
    mandatory = false,
  ): Promise<void> {
    const { exchange } = this.options;
    const declare = () => this.topology.declareTopicExchange(exchange);
    const needs: Prerequisite = { key: exchange, bindsQueue: false, declare };
    const message = {
      exchange,
      routingKey: server === undefined ? topic : serverQueue(topic, server),
      body,
      properties: { ...MESSAGE_PROPERTIES, ...properties },
      mandatory,
    };
    // A server drops what it has seen, by its _unique_id.
    await this.publisher.publish(message, { limit, needs, mayRepeat: true });
  }

  private encode(target: RpcTarget, method: string, args: Args, context: WireContext, reply?: ReplyAddress): Buffer {
    const { namespace, version } = target;
    return encodeMessage(requestContent({ method, args, namespace, version }, context, reply));
  }

  private listen(): Promise<void> {
    this.listening ??= this.startListening().catch((thrown: unknown) => {
      this.listening = undefined;
      throw thrown;
    });
    return this.listening;
  }

  private async startListening(): Promise<void> {
    await this.topology.declareReplyQueue(this.replyQueue);
    const onDelivery = (delivery: Delivery): void => this.onReply(delivery);
    this.consumer = await this.options.broker.consume(this.replyQueue, onDelivery, { lateAcks: true });
    // A broker that came back late must not keep close() waiting.
    if (this.closed) await this.consumer.cancel();
  }

  private onReply(delivery: Delivery): void {
    try {
      const reply = parseReply(decodeMessage(delivery));
      delivery.ack();
      // Late replies and heartbeats of calls that are over do arrive.
      this.waiters.get(String(reply.msgId))?.onReply(reply);
    } catch (thrown) {
      delivery.reject({ requeue: false });
      this.options.logger.warn({ error: messageOf(thrown) }, 'unreadable RPC reply dropped');
    }
  }

  private restored(failure: RemoteException): FenixError {
    const modules = this.options.allowedRemoteModules ?? OWN_ERRORS;
    const restore = Object.hasOwn(modules, failure.module) ? modules[failure.module] : undefined;
    return restore?.(failure) ?? new RemoteError(failure);
  }
}

/** Whether servers of the cap's version understand requests of `version` (absent = as old as can be known: no). */
export function isWithinCap({ version, versionCap }: Pick<RpcTarget, 'version' | 'versionCap'>): boolean {
  return versionCap === undefined || isVersionCompatible(versionCap, version);
}

function checkTarget(target: RpcTarget): void {
  const { topic, version, versionCap } = target;
  if (topic === '') throw new FenixError('input', 'invalid-target', 'An RPC target needs a topic.');
  if (version !== undefined && !isVersion(version)) {
    const message = `The version of an RPC target is major.minor[.revision], not '${version}'.`;
    throw new FenixError('input', 'invalid-target', message);
  }
  if (isWithinCap(target)) return;
  const message = `A request of version ${version ?? '(none)'} is more than servers are capped to (${versionCap}).`;
  throw new FenixError('terminal', 'version-cap', message);
}
