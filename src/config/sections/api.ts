import { integer, number } from '../options.js';

/** [api]: limits of the API that OpenStack has no names for. */
export const api = {
  doc: 'Limits of the API.',
  options: {
    max_event_listeners: integer(100, 'Clients of one process that may follow events at the same time.', { min: 1 }),
    event_poll_interval: number(1, 'Seconds between two looks for events to send.', { min: 0.01 }),
    event_heartbeat: number(15, 'Seconds of silence after which a comment is sent to those who follow events.', {
      min: 1,
    }),
    idempotency_key_ttl: number(86400, 'Seconds that a request with an Idempotency-Key is not carried out again.', {
      min: 1,
    }),
    reply_rate_limit: integer(
      1200,
      'Replies that one project may send to one process a minute; beyond that 429 with Retry-After. 0 = no limit.',
    ),
    reply_pace: number(
      0.01,
      'Seconds between two transactions for replies: those that come in between share one. 0 = no pause.',
      { max: 1 },
    ),
    read_pace: number(
      0.005,
      'The same between two looks at where sessions stand, and at instances of projects. 0 = no pause.',
      { max: 1 },
    ),
    constraint_rate_limit: integer(6000, 'Constraints that one project may set or delete a minute, likewise.'),
    headers_timeout: number(20, "Seconds that a request's headers may take to come.", { min: 1 }),
    request_timeout: number(60, 'Seconds that a whole request may take to come.', { min: 1 }),
    client_socket_timeout: number(
      75,
      'Seconds that an idle connection stays open; longer than at the load balancer, whose clients else see resets.',
      { min: 1 },
    ),
    max_header_line: integer(65536, 'Bytes that the headers of a request may have.', { min: 8192 }),
  },
  retired: [],
} as const;
