import test, { type ExecutionContext } from 'ava';
import type { Notification } from '../../src/messaging/notification.js';
import { fnmatch } from '../../src/simulator/alarms/delivery.js';
import type { Simulator } from '../../src/simulator/index.js';
import { httpDouble } from '../support/http-double.js';
import { recording } from '../support/samples.js';
import { aCloud, aSmallTopology, logIn, shapeOf } from '../support/simulator.js';

type Trait = [string, number, string | number];

interface AlarmPost {
  alarm_id: string;
  previous: string;
  reason: string;
  reason_data: { event: { message_id: string; generated: string; traits: Trait[]; message_signature: string } };
}

/** The payload of which the sample was made. */
const PAYLOAD = {
  service: 'fenix',
  allowed_actions: ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'],
  instance_ids:
    'http://127.0.0.1:12347/v1/maintenance/695030ee-1c4d-11e9-a9b0-0242ac110002/7d8cc90991ca4ca79fffc6720affbc67',
  reply_url:
    'http://127.0.0.1:12347/v1/maintenance/695030ee-1c4d-11e9-a9b0-0242ac110002/7d8cc90991ca4ca79fffc6720affbc67',
  state: 'MAINTENANCE',
  session_id: '695030ee-1c4d-11e9-a9b0-0242ac110002',
  actions_at: '2026-11-22T12:00:00',
  reply_at: '2026-11-22T11:00:00',
  metadata: { openstack_version: 'Zed' },
};

function aNotification(payload: object, changes: Partial<Notification> = {}): Notification {
  return {
    eventType: 'maintenance.scheduled',
    payload,
    messageId: '802048c5-d990-4a6f-9749-133248d38740',
    timestamp: '2026-11-22 08:31:04.644709',
    publisherId: 'fenix',
    priority: 'INFO',
    context: {},
    ...changes,
  };
}

/** A project `demo` with an alarm, and what arrives there. */
async function aListener(t: ExecutionContext, changes: object = {}) {
  const { simulator } = await aCloud(t, aSmallTopology());
  const listener = await httpDouble(() => ({ status: 204 }));
  t.teardown(() => listener.close());
  const demo = await logIn(simulator, simulator.tenantCredentials('demo'));
  const { body: alarm } = await demo.call('POST', '/alarming/v2/alarms', {
    body: {
      name: 'check',
      type: 'event',
      severity: 'moderate',
      alarm_actions: [`${listener.url}/maintenance`],
      repeat_actions: true,
      event_rule: { event_type: 'maintenance.scheduled' },
      ...changes,
    },
  });
  const posts = (): AlarmPost[] => listener.arrived.map(({ body }) => body as AlarmPost);
  return { simulator, demo, alarm, posts, project: projectId(simulator, 'demo') };
}

function projectId(simulator: Simulator, name: string): string {
  return [...simulator.cloud.projects.values()].find((project) => project.name === name)?.id ?? '';
}

test('a project hears of a notification exactly as Ceilometer and Aodh tell it', async (t) => {
  const { simulator, alarm, posts, project } = await aListener(t);
  await simulator.deliver(aNotification({ ...PAYLOAD, project_id: project }));
  const real = recording<AlarmPost>('aodh-event-alarm-post');
  const [got] = posts();
  const { event } = real.reason_data;
  const ours = event.traits.map(([name, type, value]): Trait => [name, type, name === 'project_id' ? project : value]);
  t.deepEqual(got, {
    ...real,
    alarm_id: alarm.alarm_id,
    reason_data: {
      ...real.reason_data,
      event: { ...event, traits: ours, message_signature: got?.reason_data.event.message_signature ?? '' },
    },
  });
  t.deepEqual(shapeOf(got), shapeOf(real));
});

test('lists come as repr text, empty dates not at all, and the second time the alarm was already on', async (t) => {
  const { simulator, posts, project } = await aListener(t);
  const { sent_payload: sent, body: real } = recording<{ sent_payload: object; body: AlarmPost }>(
    'aodh-event-alarm-post-lists-pretty',
  );
  await simulator.deliver(aNotification({ ...PAYLOAD, project_id: project }));
  await simulator.deliver(aNotification({ ...sent, project_id: project }));
  const [, got] = posts();
  const without = (post: AlarmPost | undefined) =>
    post?.reason_data.event.traits.filter(([name]) => name !== 'project_id');
  t.deepEqual(without(got), without(real));
  t.is(got?.previous, real.previous);
});

test('text is cut at 255 characters, counted as Python does', async (t) => {
  const { simulator, posts, project } = await aListener(t);
  const ids = Array.from({ length: 7 }, (_, i) => `fbf968d9-2250-4b3e-9457-6dbf005da4d${i}`);
  const metadata = { note: '\u{1F525}'.repeat(300) };
  await simulator.deliver(aNotification({ ...PAYLOAD, project_id: project, instance_ids: ids, metadata }));
  const traits = new Map(posts()[0]?.reason_data.event.traits.map(([name, , value]) => [name, String(value)]));
  t.is([...(traits.get('instance_ids') ?? '')].length, 255);
  t.is([...(traits.get('metadata') ?? '')].length, 255);
  t.false(traits.get('instance_ids')?.endsWith(']'));
});

test('percent_done is a number, null is nothing, and other event types are dropped', async (t) => {
  const { simulator, posts, project } = await aListener(t, { event_rule: { event_type: 'maintenance.*' } });
  const session = {
    service: 'fenix',
    state: 'MAINTENANCE_DONE',
    session_id: 'x',
    percent_done: 100,
    project_id: project,
  };
  await simulator.deliver(aNotification(session, { eventType: 'maintenance.session' }));
  await simulator.deliver(aNotification({ ...PAYLOAD, project_id: project, actions_at: null, reply_at: null }));
  await simulator.deliver(aNotification({ project_id: project }, { eventType: 'maintenance.planned' }));
  const [first, second, ...more] = posts().map(({ reason_data }) => reason_data.event.traits);
  t.deepEqual(
    first?.find(([name]) => name === 'percent_done'),
    ['percent_done', 2, 100],
  );
  t.deepEqual(
    second?.filter(([name]) => name.endsWith('_at')),
    [],
  );
  t.deepEqual(more, []);
});

test('only the project of the event is told, and a tenant_id in context or payload leads astray', async (t) => {
  const { simulator, posts, project } = await aListener(t);
  await simulator.deliver(aNotification({ ...PAYLOAD, project_id: projectId(simulator, 'other') }));
  await simulator.deliver(
    aNotification({ ...PAYLOAD, project_id: project }, { context: { project_id: projectId(simulator, 'service') } }),
  );
  t.deepEqual(posts(), []);
});

test('without repeat_actions an alarm fires once in its life, a disabled one never', async (t) => {
  const once = await aListener(t, { repeat_actions: false });
  for (let n = 0; n < 3; n += 1) await once.simulator.deliver(aNotification({ ...PAYLOAD, project_id: once.project }));
  t.is(once.posts().length, 1);
  const never = await aListener(t, { enabled: false });
  await never.simulator.deliver(aNotification({ ...PAYLOAD, project_id: never.project }));
  t.is(never.posts().length, 0);
});

test('a manager that is not there is noted, not an error', async (t) => {
  const { simulator, project } = await aListener(t, { alarm_actions: ['http://127.0.0.1:1/'] });
  await simulator.deliver(aNotification({ ...PAYLOAD, project_id: project }));
  t.like(simulator.log.of('alarm-post')[0], { status: null, state: 'MAINTENANCE', projectId: project });
});

test('patterns of event types are shell patterns', (t) => {
  t.true(fnmatch('maintenance.*', 'maintenance.scheduled'));
  t.true(fnmatch('maintenance.s[c-e]heduled', 'maintenance.scheduled'));
  t.true(fnmatch('maintenance?scheduled', 'maintenance.scheduled'));
  t.false(fnmatch('maintenance.[!s]*', 'maintenance.scheduled'));
  t.false(fnmatch('maintenance.sch', 'maintenance.scheduled'));
  t.false(fnmatch('maintenancexscheduled', 'maintenance.scheduled'));
});
