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
  },
  retired: [],
} as const;
