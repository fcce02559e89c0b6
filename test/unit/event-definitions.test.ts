import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { parse } from 'yaml';
import {
  withDefinitions,
  withoutDefinitions,
  withoutPublisher,
  withPublisher,
} from '../../src/cmd/manage/ceilometer/edit.js';
import { lackingDefinitions, pipelineNeeds } from '../../src/cmd/manage/ceilometer/needs.js';
import { HOST_EVENT, hostPayload } from '../../src/notifications/host.js';
import { SCHEDULED_EVENT, type ScheduledPayload } from '../../src/notifications/scheduled.js';
import { SESSION_EVENT, sessionPayload } from '../../src/notifications/session.js';
import { traitsOf } from '../../src/simulator/alarms/traits.js';

interface Definition {
  readonly event_type: string;
  readonly traits: Readonly<Record<string, { readonly fields: string; readonly type?: string }>>;
}

/** What operators append to Ceilometer's definitions. */
const shipped = readFileSync(
  fileURLToPath(new URL('../../../etc/fenix/ceilometer/event_definitions.yaml', import.meta.url)),
  'utf8',
);
const definitions = parse(shipped) as readonly Definition[];

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

/** As an operator might have it, without a newline at its end. */
const OWN = `---
# ours
- event_type: 'compute.instance.*'
  traits: &instance {tenant_id: {fields: payload.tenant_id}}`;

test('definitions are added to those that are there once, brought up to date, and taken out again', (t) => {
  const added = withDefinitions(OWN, shipped);
  t.deepEqual(lackingDefinitions(parse(added)), []);
  t.true(added.startsWith(OWN));
  t.is(withDefinitions(added, shipped), added);
  t.is(withoutDefinitions(added).trimEnd(), OWN);
  const older = withDefinitions(OWN, shipped.replace('payload.reply_url', 'payload.reply'.concat('_url  # older')));
  t.is(withDefinitions(older, shipped), added);
  const byOthers = `${OWN}\n${shipped}`;
  t.is(withDefinitions(byOthers, shipped), byOthers, 'another plug-in may have added the same');
  t.is(withDefinitions(added.replace(`${OWN}\n`, byOthers), shipped), byOthers, 'and does so later');
  t.deepEqual(lackingDefinitions(parse(withDefinitions('', shipped))), []);
});

test('definitions that cannot be added to are left alone, with a reason', (t) => {
  t.throws(() => withDefinitions('a: b', shipped), { message: /does not hold a list/ });
  t.throws(() => withDefinitions('[]', shipped), { message: /written so/ });
  t.throws(() => withDefinitions('- [', shipped), { message: /./ });
});

const PIPELINE = `sources:
    - name: some
      events: ["compute.*"]
      sinks: [other]
    - name: all   # everything
      events: ["*"]
      sinks:
          - first
sinks:
    - name: other
      publishers:
          - gnocchi://
    - name: first
      publishers:
          # kept
          - notifier://
          - gnocchi://
`;

test("Aodh's publisher is added to the sink that gets all events, once, and taken out again", (t) => {
  const added = withPublisher(PIPELINE);
  t.deepEqual(pipelineNeeds(parse(added)).unheard, []);
  const lines = added.split('\n');
  const at = lines.findIndex((line) => line.includes('alarm.all'));
  t.is(lines.filter((line) => line.includes('alarm.all')).length, 1);
  t.regex(lines[at] ?? '', /^ {10}- notifier:\/\/\?topic=alarm\.all #/);
  t.is(lines[at - 1], '          # kept');
  t.is(withPublisher(added), added);
  t.is(withoutPublisher(added), PIPELINE);
  const byOthers = PIPELINE.replace('- notifier://', '- notifier://?topic=alarm.all');
  t.is(withPublisher(byOthers), byOthers);
  t.is(withoutPublisher(byOthers), byOthers);
});

test('a pipeline that cannot be added to is left alone, with a reason', (t) => {
  t.throws(() => withPublisher(PIPELINE.replace('["*"]', '["image.*"]')), { message: /No sink is given all events/ });
  const flow = 'sources: [{name: s, events: ["*"], sinks: [k]}]\nsinks: [{name: k, publishers: ["gnocchi://"]}]\n';
  t.throws(() => withPublisher(flow), { message: /by hand\.$/ });
});
