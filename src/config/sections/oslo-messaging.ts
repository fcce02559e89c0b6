import { choice, flag, integer, list, multi, number, text } from '../options.js';

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

/** Also set by the query of a transport_url. */
export const oslo_messaging_rabbit = {
  doc:
    'RabbitMQ, as oslo.messaging names the options; what decides how queues are declared must be the same in the whole ' +
    "cloud. Each option may also stand in the query of a transport_url, e.g. '?ssl=true', and wins there.",
  options: {
    amqp_durable_queues: flag(false, 'Exchanges and queues outlive a restart of the broker.'),
    amqp_auto_delete: flag(false, 'Exchanges and queues vanish with their last user.'),
    rabbit_quorum_queue: flag(false, 'Use quorum queues (then durable).'),
    rabbit_quorum_delivery_limit: integer(0, 'Deliveries of one message by a quorum queue; 0 = no limit.'),
    rabbit_quroum_max_memory_length: integer(0, 'Messages that a quorum queue keeps in memory; 0 = no limit.'),
    rabbit_quroum_max_memory_bytes: integer(0, 'Bytes that a quorum queue keeps in memory; 0 = no limit.'),
    rabbit_ha_queues: flag(false, 'Mirror queues (x-ha-policy), as brokers before 3.0 wanted it.'),
    rabbit_transient_queues_ttl: integer(1800, 'Seconds after which unused reply and fanout queues vanish.', {
      min: 1,
    }),
    rabbit_login_method: choice(['PLAIN', 'AMQPLAIN', 'EXTERNAL'], 'AMQPLAIN', 'How to log in.'),
    rabbit_retry_interval: number(1, 'Seconds before the second attempt to connect (to all hosts).'),
    rabbit_retry_backoff: number(2, 'Seconds that this wait grows by each time.'),
    rabbit_interval_max: number(30, 'Seconds that this wait grows by at most.'),
    kombu_reconnect_delay: number(1, 'Seconds before the first attempt after a connection was lost.'),
    kombu_failover_strategy: choice(
      ['round-robin', 'shuffle'],
      'round-robin',
      'Order in which several hosts are tried; where it begins is chance in either case.',
    ),
    kombu_missing_consumer_retry_timeout: number(60, 'Seconds to wait for a caller that vanished before its reply.'),
    rabbit_qos_prefetch_count: integer(0, 'Messages fetched ahead by each consumer; 0 = as many as it likes.', {
      min: 0,
      max: 65535,
    }),
    enable_cancel_on_failover: flag(false, 'Ask to be told (x-cancel-on-ha-failover) when a queue changes its node.'),
    heartbeat_timeout_threshold: integer(60, 'Seconds of silence after which the broker counts as lost; 0 = never.', {
      min: 0,
      max: 65535,
    }),
    heartbeat_rate: integer(2, 'Signs of life within that time.', { min: 1 }),
    ssl: flag(false, 'Connect with TLS.'),
    ssl_version: text('', 'TLSv1, TLSv1_1 or TLSv1_2 alone; empty or SSLv23 = the newest that both know.', {
      check: (version) =>
        SSL_VERSIONS.includes(version) ? undefined : `empty or one of ${SSL_VERSIONS.slice(1).join(', ')}`,
    }),
    ssl_ca_file: text('', "Certificates of the authorities to trust; empty = the broker's certificate is not checked."),
    ssl_enforce_hostname_verification: flag(false, "With ssl_ca_file: the certificate must be for the host's name."),
    ssl_cert_file: text('', 'Certificate of this client.'),
    ssl_key_file: text('', 'Its key.'),
  },
  // Of no meaning here: one connection for publishing and one for consuming serve a whole process.
  retired: [
    ...['conn_pool_min_size', 'conn_pool_ttl', 'direct_mandatory_flag', 'fake_rabbit', 'heartbeat_in_pthread'],
    ...['kombu_compression', 'rpc_conn_pool_size'],
  ],
} as const;

const SSL_VERSIONS: readonly string[] = ['', 'SSLv23', 'TLSv1', 'TLSv1_1', 'TLSv1_2'];
