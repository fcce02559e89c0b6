import { type Config, withQueryOptions } from '../../config/index.js';
import type { TransportHost, TransportUrl } from '../transport-url.js';

/** How to reach RabbitMQ. */
export interface AmqpSettings {
  /** At least one. */
  readonly hosts: readonly TransportHost[];
  readonly virtualHost: string;
  readonly options: Config['osloMessagingRabbit'];
  /** Begins the names under which connections are listed by the broker. */
  readonly program: string;
}

/** @throws FenixError `transport-url` for what the URL's query may not say */
export function amqpSettings(
  { hosts, virtualHost, query }: TransportUrl,
  options: Config['osloMessagingRabbit'],
  program: string,
): AmqpSettings {
  return { hosts, virtualHost, options: withQueryOptions(options, query), program };
}

/**
 * Milliseconds to wait before all hosts are tried once more, having been tried `rounds` times; grows by
 * rabbit_retry_backoff, up to rabbit_interval_max above rabbit_retry_interval.
 */
export function retryIntervalMs(options: AmqpSettings['options'], rounds: number): number {
  const { rabbitRetryInterval, rabbitRetryBackoff, rabbitIntervalMax } = options;
  return (rabbitRetryInterval + Math.min(rabbitRetryBackoff * (rounds - 1), rabbitIntervalMax)) * 1000;
}
