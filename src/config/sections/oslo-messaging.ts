import { flag, integer, list, multi, number, text } from '../options.js';

/** Names and defaults as oslo.messaging has them, so that one set of values serves a whole cloud. */
export const oslo_messaging_notifications = {
  doc: 'Notifications, as oslo.messaging names the options.',
  options: {
    driver: multi(
      ['messaging'],
      'messaging (format 1), messagingv2 (in an envelope), log (to the log of the engine) or noop; may be repeated.',
      ['messaging', 'messagingv2', 'log', 'noop'],
    ),
    transport_url: text('', 'Broker for notifications; empty = the one in [DEFAULT].', { secret: 'url' }),
    topics: list(['notifications'], 'Topics that notifications are sent to.'),
  },
  retired: ['retry'],
} as const;

export const oslo_messaging_rabbit = {
  doc: 'RabbitMQ, as oslo.messaging names the options; must be the same in the whole cloud.',
  options: {
    amqp_durable_queues: flag(false, 'Exchanges and queues outlive a restart of the broker.'),
    amqp_auto_delete: flag(false, 'Exchanges and queues vanish with their last user.'),
    rabbit_quorum_queue: flag(false, 'Use quorum queues (then durable).'),
    rabbit_quorum_delivery_limit: integer(0, 'Deliveries of one message by a quorum queue; 0 = no limit.'),
    rabbit_ha_queues: flag(false, 'Mirror queues (x-ha-policy), as brokers before 3.0 wanted it.'),
    rabbit_transient_queues_ttl: integer(1800, 'Seconds after which unused reply and fanout queues vanish.', {
      min: 1,
    }),
    rabbit_retry_interval: number(1, 'Seconds before the first attempt to connect again.'),
    rabbit_retry_backoff: number(2, 'Seconds that this wait grows by each time.'),
    rabbit_interval_max: number(30, 'Seconds that this wait grows to at most.'),
    rabbit_qos_prefetch_count: integer(0, 'Messages fetched ahead; 0 = as many as are handled at once.', {
      min: 0,
      max: 65535,
    }),
    heartbeat_timeout_threshold: integer(60, 'Seconds of silence after which the broker counts as lost; 0 = never.'),
    kombu_missing_consumer_retry_timeout: number(60, 'Seconds to wait for a caller that vanished before its reply.'),
    ssl: flag(false, 'Connect with TLS.'),
    ssl_ca_file: text('', 'Certificates of the authorities to trust; empty = those of Node.'),
    ssl_cert_file: text('', 'Certificate of this client.'),
    ssl_key_file: text('', 'Its key.'),
  },
  retired: [],
} as const;
