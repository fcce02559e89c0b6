import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { parse } from 'yaml';
import { HOST_EVENT, hostPayload } from '../../src/notifications/host.js';
import { SCHEDULED_EVENT, type ScheduledPayload } from '../../src/notifications/scheduled.js';
import { SESSION_EVENT, sessionPayload } from '../../src/notifications/session.js';
import { traitsOf } from '../../src/simulator/alarms/traits.js';

interface Definition {
  readonly event_type: string;
  readonly traits: Readonly<Record<string, { readonly fields: string; readonly type?: string }>>;
}

/** What operators append to Ceilometer's definitions. */
const definitions = parse(
  readFileSync(fileURLToPath(new URL('../../../etc/fenix/ceilometer/event_definitions.yaml', import.meta.url)), 'utf8'),
) as readonly Definition[];

const ids = { sessionId: 'session', adminProjectId: 'admin' };
const scheduled: ScheduledPayload = {
  service: 'fenix',
  session_id: 'session',
  project_id: 'project',
  state: 'PLANNED_MAINTENANCE',
  allowed_actions: ['MIGRATE'],
  instance_ids: 'http://ctl:12347/v1/maintenance/session/project',
  actions_at: '2026-01-01T10:00:00',
  reply_at: '2026-01-01T10:00:00',
  metadata: { os: 'new' },
  reply_url: 'http://ctl:12347/v1/maintenance/session/project',
};
const payloads: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  [SCHEDULED_EVENT]: scheduled,
  [HOST_EVENT]: hostPayload({ ...ids, hostname: 'compute-1', state: 'IN_MAINTENANCE' }),
  [SESSION_EVENT]: sessionPayload({
    session: { sessionId: 'session', state: 'MAINTENANCE', percentDone: 1 },
    adminProjectId: 'admin',
  }),
};
const TYPES: Readonly<Record<string, number>> = { text: 1, int: 2, datetime: 4 };

test('Ceilometer is given a definition of each event, with a trait for each field of its payload', (t) => {
  t.deepEqual(definitions.map(({ event_type: type }) => type).sort(), Object.keys(payloads).sort());
  for (const { event_type: type, traits } of definitions) {
    const fields = Object.entries(traits).map(([name, { fields }]) => [name, fields]);
    t.deepEqual(
      fields.sort(),
      Object.keys(payloads[type] ?? {})
        .map((name) => [name, `payload.${name}`])
        .sort(),
    );
  }
});

test('the simulated Ceilometer makes the traits that these definitions mean', (t) => {
  for (const { event_type: eventType, traits } of definitions) {
    const notification = {
      eventType,
      payload: payloads[eventType],
      messageId: 'message',
      timestamp: null,
      publisherId: 'fenix',
      priority: 'INFO',
      context: {},
    } as const;
    const made = (traitsOf(notification) ?? []).map(([name, type]) => [name, type]);
    const meant = Object.entries(traits).map(([name, { type = 'text' }]) => [name, TYPES[type]]);
    t.deepEqual(made.sort(), meant.sort());
  }
});
