import type { MachineClock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import type { Config } from '../config/index.js';
import { AmqpBroker } from './amqp/broker.js';
import { amqpSettings } from './amqp/settings.js';
import type { Broker } from './broker.js';
import type { MemoryBroker } from './memory-broker.js';
import { type TopologySettings, topologyFromOptions } from './topology.js';
import { parseTransportUrl } from './transport-url.js';

/** A broker, and how exchanges and queues are declared there. */
export interface Transport {
  readonly broker: Broker;
  readonly topology: TopologySettings;
  /** [oslo_messaging_rabbit] with what the URL's query puts in its place. */
  readonly options: Config['osloMessagingRabbit'];
}

export interface TransportParts {
  /** [oslo_messaging_rabbit]; the URL's query overrides it. */
  readonly options: Config['osloMessagingRabbit'];
  /** Name of the executable, by which the broker lists its connections. */
  readonly program: string;
  /** What `memory://` connects to. */
  readonly memory: () => MemoryBroker;
  readonly clock: MachineClock;
  readonly logger: Logger;
}

/**
 * The broker that a transport_url names, which need not be there yet.
 * @throws FenixError `transport-url` or `config-invalid` for a URL or files that cannot be used
 */
export function openTransport(url: string, parts: TransportParts): Transport {
  const { program, memory, clock, logger } = parts;
  const parsed = parseTransportUrl(url);
  for (const warning of parsed.warnings) logger.warn({}, warning);
  const settings = amqpSettings(parsed, parts.options, program);
  const { options } = settings;
  const broker = parsed.kind === 'memory' ? memory().connect() : new AmqpBroker(settings, clock, logger);
  return { broker, topology: topologyFromOptions(options), options };
}
