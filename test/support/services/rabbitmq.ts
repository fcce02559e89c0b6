import type { ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../../src/common/clock.js';
import { type Logger, silentLogger } from '../../../src/common/logger.js';
import { loadConfig } from '../../../src/config/index.js';
import { MemoryBroker } from '../../../src/messaging/memory-broker.js';
import { openTransport, type Transport } from '../../../src/messaging/transport.js';
import { script } from './script.js';

/**
 * The RabbitMQ that all tests share: the one that `npm test` starts, or that FENIX_TEST_AMQP_URL names. Undefined where
 * there is none; what needs it is then skipped.
 */
export const rabbitUrl: string | undefined = process.env.FENIX_TEST_AMQP_URL;

/** A broker of one's own, to do harm to. */
export interface OwnRabbit {
  readonly url: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly password: string;
  /** Ends it, at once or (SIGTERM) in good order. */
  halt(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, with its data and on the same ports. */
  resume(): Promise<void>;
  /** rabbitmqctl; resolves to what it says. */
  control(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts one; to be stopped by the caller. `tls`: lines of rabbitmq.conf, by which it listens with TLS as well. */
export async function startRabbit(options: { readonly tls?: readonly string[] } = {}): Promise<OwnRabbit> {
  const { start } = await script<{ start(options: object): Promise<OwnRabbit> }>('services/rabbitmq.mjs');
  return start(options);
}

/** `count` ports at which nobody listens. */
export async function freePorts(count: number): Promise<number[]> {
  const { freePorts: find } = await script<{ freePorts(count: number): Promise<number[]> }>('lib/server.mjs');
  return find(count);
}

/** Quick to come back, so that a test does not wait for what an operator would. */
export const IMPATIENT =
  'rabbit_retry_interval=0.1&rabbit_retry_backoff=0.1&rabbit_interval_max=1&kombu_reconnect_delay=0.1';

/** A client with connections of its own, closed with the test. */
export function connectTo(t: ExecutionContext, url: string, logger: Logger = silentLogger): Transport {
  const transport = openTransport(url, {
    options: loadConfig().config.osloMessagingRabbit,
    program: 'fenix-test',
    memory: () => new MemoryBroker(),
    clock: new SystemMachineClock(),
    logger,
  });
  t.teardown(() => transport.broker.close());
  return transport;
}
