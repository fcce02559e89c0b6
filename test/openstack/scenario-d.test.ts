import test from 'ava';
import { Story } from './support/story.js';

test('D: vnf: five hosts are maintained side by side; each instance is moved once, and the pair one after the other', async (t) => {
  const story = await Story.begin(t, { workers: 4 });
  await story.addHosts();
  for (const operation of ['cold', 'live'] as const) story.cloud.delay(operation, 3);
  const { pair } = await story.manager.application.parts();

  const sessionId = await story.maintain({
    workflow: 'vnf',
    actions: [{ plugin: 'noop', type: 'compute', metadata: { duration: 10 } }],
  });
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(
    detail.hosts.map(({ hostname, state }) => `${hostname} ${state}`).sort(),
    story.hosts.map((host) => `${host} done`),
  );

  await story.isInOrder(t);
  await story.movedAsPlanned(t, sessionId);
  const moved = await story.migrations();
  const moves = new Map(moved.map(({ instance_uuid: id, migration_type: type }) => [id, type]));
  t.is(moved.length, 6, 'each of six instances once');
  t.is(moves.size, 6);
  for (const [id, type] of moves) t.is(type, pair.includes(id) ? 'live-migration' : 'migration', id);
  const [first, second] = moved.filter(({ instance_uuid: id }) => pair.includes(id));
  t.true(String(first?.updated_at) <= String(second?.created_at), 'one of the pair serves while the other moves');
  const after = (await story.nova.servers()).filter(({ id }) => pair.includes(id));
  t.is(new Set(after.map((server) => server['OS-EXT-SRV-ATTR:host'])).size, 2);

  t.true((await mostAtOnce(story, sessionId)) >= 2, 'hosts do not wait for each other');
  t.deepEqual(story.manager.problems, []);
  t.deepEqual([...new Set(story.manager.answers.map(({ state, status }) => `${state} ${status}`))].sort(), [
    'ACK_MAINTENANCE 200',
    'ACK_MAINTENANCE_COMPLETE 200',
    'ACK_PLANNED_MAINTENANCE 200',
  ]);
});

/** Hosts in maintenance at the same time. */
async function mostAtOnce(story: Story, sessionId: string): Promise<number> {
  const there = new Set<unknown>();
  let most = 0;
  for (const { what, host, from, to } of await story.fenix.client.history(sessionId)) {
    if (what !== 'host') continue;
    if (to === 'in_maintenance') there.add(host);
    if (from === 'in_maintenance') there.delete(host);
    most = Math.max(most, there.size);
  }
  return most;
}
