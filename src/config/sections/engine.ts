import { hostname } from 'node:os';
import { flag, integer, number, text } from '../options.js';

export const engine = {
  doc: 'The engine: who owns which session, and how often it looks.',
  options: {
    rpc_topic: text('fenix.engine', 'RPC topic that engines listen on.'),
    host: text(hostname(), 'Name of this RPC server; nothing else depends on it.', {
      sampleDefault: "<the machine's host name>",
    }),
    legacy_rpc: flag(
      false,
      "Serve the RPC methods of the Python releases' engine as well (docs/messaging.md). They ask for no token: whoever " +
        'reaches the broker may create, delete and answer for every project.',
    ),
    lease_time: number(3, 'Seconds that an engine owns a session for without renewing.', { min: 0.1 }),
    heartbeat_interval: number(0.5, 'Seconds between renewals of the lease; well below lease_time.', { min: 0.01 }),
    hung_time: number(
      15,
      'Seconds that the main thread may be busy at a stretch: until then another thread renews the lease (with MySQL), ' +
        'after that other engines take over.',
      { min: 0.1 },
    ),
    sweep_interval: number(2, 'Seconds between two looks at the database for work that no message told of.', {
      min: 0.01,
    }),
    cloud_poll_interval: number(3, 'Seconds of domain time between two questions to Nova about moves in progress.', {
      min: 0.01,
    }),
    turn_pace: integer(
      1000,
      'Milliseconds that a session waits at most for more to come in before it looks at everything again, where that is ' +
        'much work: in a large cloud, as long as the thread was busy with it last. 0 = it looks at once.',
      { min: 0, max: 60_000 },
    ),
    planner_threads: integer(1, 'Threads that plans are made in; 0 = in the main thread.', { max: 64, min: 0 }),
    clock_speed: number(1, 'Domain seconds per second; other than 1 only against a simulated cloud.', { min: 0.001 }),
    clock_origin: text(
      '',
      'Instant (ISO 8601) at which domain time and real time are the same, if clock_speed is not 1; the same for all ' +
        'processes. Empty: the start of the process.',
      { check: (instant) => (Number.isNaN(Date.parse(instant || '2026-01-01')) ? 'an instant (ISO 8601)' : undefined) },
    ),
  },
  retired: ['wait_project_reply'],
} as const;
