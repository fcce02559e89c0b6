import { setMaxListeners } from 'node:events';
import type { MachineClock } from '../common/clock.js';
import { FenixError, messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { Broker, Consumer, Delivery } from './broker.js';
import { Duplicates } from './duplicates.js';
import { decodeMessage } from './envelope.js';
import { ReplySender } from './reply-sender.js';
import { dispatch, type RpcEndpoint } from './rpc-dispatcher.js';
import { parseRequest, type ReceivedRequest, type ReplyAddress } from './rpc-message.js';
import { fanoutQueue, serverQueue, Topology, type TopologySettings } from './topology.js';

export interface RpcServerOptions {
  readonly broker: Broker;
  /** The control exchange. */
  readonly exchange: string;
  readonly topic: string;
  /** Name by which clients may address this server alone. */
  readonly server: string;
  /** Tried in order. */
  readonly endpoints: readonly RpcEndpoint[];
  readonly clock: MachineClock;
  readonly logger: Logger;
  readonly topology?: TopologySettings;
  /** Handlers at once; what is beyond stays unacknowledged, so that another server may get it. Default 64. */
  readonly maxConcurrent?: number;
  /** Requests fetched ahead per queue (`rabbit_qos_prefetch_count`); default, and for 0, as many as `maxConcurrent`. */
  readonly prefetch?: number;
  /** Answer `oslo_rpc_server_ping` (`rpc_ping_enabled`), for probes that know nothing of the endpoints. */
  readonly pingEnabled?: boolean;
  /** How long to try to reach a caller whose reply queue is gone, default 60 s. */
  readonly missingReplyQueueTimeoutMs?: number;
}

const MAX_CONCURRENT = 64;
const PING: RpcEndpoint = { version: '1.0', methods: { oslo_rpc_server_ping: () => 'pong' } };

/**
 * oslo.messaging's RPC server: one listener on the topic, on `<topic>.<server>` and on a fanout queue of its own. A
 * request is acknowledged right before it is executed: at most once.
 */
export class RpcServer {
  private readonly topology: Topology;
  private readonly replies: ReplySender;
  private readonly duplicates = new Duplicates();
  private readonly fanoutQueue: string;
  private readonly endpoints: readonly RpcEndpoint[];
  private readonly waiting: Delivery[] = [];
  private readonly underway = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly consumers: Consumer[] = [];
  private running = 0;

  constructor(private readonly options: RpcServerOptions) {
    this.topology = new Topology(options.broker, options.topology);
    const { broker, clock, logger, missingReplyQueueTimeoutMs, topic, server, endpoints, pingEnabled } = options;
    if (topic === '' || server === '') {
      throw new FenixError('input', 'invalid-target', 'An RPC server needs a topic and a name.');
    }
    this.endpoints = pingEnabled ? [PING, ...endpoints] : endpoints;
    this.replies = new ReplySender(broker, clock, logger, missingReplyQueueTimeoutMs);
    this.fanoutQueue = fanoutQueue(topic);
    // Every reply that is to be sent again waits for it.
    setMaxListeners(0, this.stopping.signal);
  }

  /** Declares and consumes the three queues. Rejects with the broker's error and may then be tried again. */
  async start(): Promise<void> {
    try {
      await this.listen();
    } catch (thrown) {
      await this.cancelConsumers();
      throw thrown;
    }
  }

  private async listen(): Promise<void> {
    const { exchange, topic, server } = this.options;
    const own = serverQueue(topic, server);
    await this.topology.declareTopicQueue(exchange, topic, [topic]);
    await this.topology.declareTopicQueue(exchange, own, [own]);
    await this.topology.declareFanoutQueue(topic, this.fanoutQueue);
    for (const queue of [topic, own, this.fanoutQueue]) this.consumers.push(await this.consume(queue));
  }

  /** Takes nothing new, finishes and answers what was acknowledged, gives the rest back, removes the fanout queue. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const listened = await this.cancelConsumers();
    for (const delivery of this.waiting.splice(0)) delivery.reject({ requeue: true });
    await Promise.all(this.underway);
    if (listened) await this.removeFanoutQueue();
  }

  /** Whether there were any. */
  private async cancelConsumers(): Promise<boolean> {
    const consumers = this.consumers.splice(0);
    for (const consumer of consumers) await consumer.cancel();
    return consumers.length > 0;
  }

  private get maxConcurrent(): number {
    return this.options.maxConcurrent ?? MAX_CONCURRENT;
  }

  private consume(queue: string): Promise<Consumer> {
    const onDelivery = (delivery: Delivery): void => {
      this.waiting.push(delivery);
      this.acceptWaiting();
    };
    return this.options.broker.consume(queue, onDelivery, { prefetch: this.options.prefetch || this.maxConcurrent });
  }

  /** With the broker away the queue expires by itself. */
  private async removeFanoutQueue(): Promise<void> {
    await this.options.broker.deleteQueue(this.fanoutQueue).catch((thrown: unknown) => {
      this.options.logger.debug({ queue: this.fanoutQueue, error: messageOf(thrown) }, 'fanout queue not removed');
    });
  }

  private acceptWaiting(): void {
    while (this.running < this.maxConcurrent && !this.stopping.signal.aborted) {
      const delivery = this.waiting.shift();
      if (delivery === undefined) return;
      const request = this.accept(delivery);
      if (request) this.execute(request);
    }
  }

  /** The request, acknowledged; undefined for what nobody can read and for duplicates. */
  private accept(delivery: Delivery): ReceivedRequest | undefined {
    let request: ReceivedRequest;
    try {
      request = parseRequest(decodeMessage(delivery));
    } catch (thrown) {
      delivery.reject({ requeue: false });
      this.options.logger.warn({ error: messageOf(thrown) }, 'unreadable RPC request dropped');
      return undefined;
    }
    delivery.ack();
    if (this.duplicates.has(request.uniqueId)) {
      this.options.logger.debug({ method: request.method }, 'duplicate RPC request dropped');
      return undefined;
    }
    this.duplicates.remember(request.uniqueId);
    return request;
  }

  private execute(request: ReceivedRequest): void {
    this.running += 1;
    const done = this.handle(request).finally(() => this.underway.delete(done));
    this.underway.add(done);
  }

  /** Never rejects. Its slot is free once the method has ended: a client that vanished must not hold it. */
  private async handle(request: ReceivedRequest): Promise<void> {
    const sendReply = await this.run(request).finally(() => {
      this.running -= 1;
    });
    this.acceptWaiting();
    await sendReply?.();
  }

  /** Runs the method with signs of life meanwhile; what remains is to send its outcome. */
  private async run(request: ReceivedRequest): Promise<(() => Promise<void>) | undefined> {
    const { reply } = request;
    const endHeartbeats = reply && this.beginHeartbeats(reply);
    const { signal } = this.stopping;
    try {
      const result = await dispatch(this.endpoints, request);
      await endHeartbeats?.();
      return reply && (() => this.replies.sendResult(reply, result, signal));
    } catch (thrown) {
      await endHeartbeats?.();
      this.options.logger.warn({ method: request.method, error: messageOf(thrown) }, 'RPC request failed');
      return reply && (() => this.replies.sendFailure(reply, thrown, signal));
    }
  }

  /** Undefined for a caller that wants none. */
  private beginHeartbeats(reply: ReplyAddress): (() => Promise<void>) | undefined {
    if (reply.monitorTimeoutS === null) return undefined;
    const ended = new AbortController();
    const heartbeats = this.replies.sendHeartbeats(reply, ended.signal);
    return async () => {
      ended.abort();
      await heartbeats;
    };
  }
}
