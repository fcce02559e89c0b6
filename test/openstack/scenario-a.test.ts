import test, { type ExecutionContext } from 'ava';
import { hearOf } from './support/admin-alarms.js';
import type { AlarmListener } from './support/alarm-listener.js';
import { deviations } from './support/notice-form.js';
import { Story } from './support/story.js';

test('A: a full cloud is maintained; its application scales in by Heat, moves once and scales back', async (t) => {
  const story = await Story.begin(t, { workers: 4 });
  const { admin, settings } = story.cloud;
  const hosts = await hearOf(t, admin, 'maintenance.host');
  const states = await hearOf(t, admin, 'maintenance.session');
  const before = await story.nova.servers();
  t.is(before.length, 6);

  const sessionId = await story.maintain();
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));

  await story.isInOrder(t);
  await story.movedAsPlanned(t, sessionId);
  await keepsItsForm(t, story, before);
  t.deepEqual(story.manager.problems, []);
  t.deepEqual([...new Set(story.manager.answers.map(({ state, status }) => `${state} ${status}`))].sort(), [
    'ACK_MAINTENANCE 200',
    'ACK_MAINTENANCE_COMPLETE 200',
    'ACK_PLANNED_MAINTENANCE 200',
    'ACK_PREPARE_MAINTENANCE 200',
    'ACK_SCALE_IN 200',
  ]);

  const projectId = await story.cloud.as('demo').projectId();
  const about = { sessionId, projectId, url: story.fenix.url, metadata: "{'openstack_version': 'Zed'}" };
  const { received } = story.manager.listener;
  t.deepEqual(
    received.flatMap(({ at, post }) => deviations(post.reason_data.event.traits, about, at)),
    [],
  );

  const adminProject = await admin.projectId();
  const common = { service: 'fenix', session_id: sessionId, project_id: adminProject };
  const told = traitsOf(hosts);
  t.deepEqual(
    told,
    told.flatMap(({ host, state }) => (state === 'IN_MAINTENANCE' ? pairOf(host, common) : [])),
    'each host goes in and comes out before the next one does',
  );
  t.deepEqual([...new Set(told.map(({ host }) => host))].sort(), [...settings.computes]);

  const history = (await story.fenix.client.history(sessionId)).filter(({ what }) => what === 'state');
  const heard = traitsOf(states);
  t.deepEqual(
    heard.map(({ percent_done: _, ...rest }) => rest),
    heard.map(({ state }) => ({ ...common, state })),
  );
  t.deepEqual(
    heard.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1]),
    history.map(({ to }) => String(to)),
  );
  const percents = heard.map(({ percent_done: percent }) => Number(percent));
  t.deepEqual(
    percents,
    [...percents].sort((a, b) => a - b),
  );
  t.is(percents.at(-1), 100);
  await story.tellsWaits(t, sessionId);
});

/** The traits of everything heard, by name; texts as they are, numbers as such. */
function traitsOf({ received }: AlarmListener): Record<string, unknown>[] {
  return received.map(({ post }) =>
    Object.fromEntries(post.reason_data.event.traits.map(([name, _type, value]) => [name, value])),
  );
}

function pairOf(host: unknown, common: object): object[] {
  return ['IN_MAINTENANCE', 'MAINTENANCE_COMPLETE'].map((state) => ({ ...common, host, state }));
}

/** As large as before, its pair apart, with the addresses that it had. */
async function keepsItsForm(t: ExecutionContext, story: Story, before: Awaited<ReturnType<Story['nova']['servers']>>) {
  const after = await story.nova.servers();
  t.is(after.length, before.length);
  const { pair } = await story.manager.application.parts();
  const hostsOfPair = after.filter(({ id }) => pair.includes(id)).map((server) => server['OS-EXT-SRV-ATTR:host']);
  t.is(new Set(hostsOfPair).size, 2);
  for (const { id, addresses } of before.filter((server) => pair.includes(server.id))) {
    t.deepEqual(after.find((server) => server.id === id)?.addresses, addresses);
  }
}
