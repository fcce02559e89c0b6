import test from 'ava';
import { Story } from './support/story.js';

test('C: a migration that fails and a NACK cost a host each, by policy skip_host; the third one is maintained', async (t) => {
  // One each on three hosts: with a second worker beside the first, the third host could only be emptied by scaling in.
  const story = await Story.begin(t, { workers: 1 });
  const { failing, refused, other } = await twoApart(story);
  story.cloud.fail('cold', failing.id);
  story.manager.refuseToMove(refused.id);

  const sessionId = await story.maintain({ policy: { instance_failed: 'skip_host', nack: 'skip_host' } });
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.deepEqual(
    detail.hosts.map(({ hostname, state }) => [hostname, state]),
    story.cloud.settings.computes.map((host) => [host, host === other ? 'done' : 'skipped']),
  );
  await story.isInOrder(t);
  await story.movedAsPlanned(t, sessionId);
  t.is((await story.nova.server(failing.id))['OS-EXT-SRV-ATTR:host'], failing['OS-EXT-SRV-ATTR:host']);
  t.is((await story.nova.server(refused.id))['OS-EXT-SRV-ATTR:host'], refused['OS-EXT-SRV-ATTR:host']);
  await story.tellsWaits(t, sessionId);
});

test('C: a session is aborted while it moves: what was begun is taken back, hosts are as before', async (t) => {
  const story = await Story.begin(t, { workers: 2 });
  const before = await placesOf(story);
  story.cloud.delay('cold', 10);
  const sessionId = await story.maintain();
  await story.migrates('migration');
  await story.fenix.client.control(sessionId, { abort: { moves: 'revert' } });
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_FAILED');
  t.is(detail.reason?.code, 'aborted');
  await story.closes(sessionId);
  await story.isInOrder(t);
  const moving = (await story.migrations()).filter(({ migration_type }) => migration_type === 'migration');
  t.true(moving.length > 0);
  t.deepEqual([...new Set(moving.map(({ status }) => status))], ['reverted']);
  const after = await placesOf(story);
  for (const { instance_uuid: id } of moving) t.is(after.get(id), before.get(id));
  await t.throwsAsync(story.fenix.client.resumeFailed(sessionId), undefined, 'an aborted session is not resumed');
});

test('C: tokens are revoked and Keystone is restarted in mid-session, which goes on', async (t) => {
  const story = await Story.begin(t, { workers: 2 });
  story.cloud.delay('cold', 5);
  const sessionId = await story.maintain();
  await story.migrates('migration');
  await story.cloud.revokeTokensOf('fenix');
  await story.cloud.restartKeystone();
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  await story.isInOrder(t);
  await story.movedAsPlanned(t, sessionId);
  await story.tellsWaits(t, sessionId);
});

/** A worker and one of the pair that are on different hosts, and the third host. */
async function twoApart(story: Story) {
  const servers = await story.nova.servers();
  const { pair, workers } = await story.manager.application.parts();
  const hostOf = (server: { readonly 'OS-EXT-SRV-ATTR:host': string }): string => server['OS-EXT-SRV-ATTR:host'];
  const failing = servers.find(({ id }) => id === workers[0]);
  const refused = servers.find((server) => pair.includes(server.id) && failing && hostOf(server) !== hostOf(failing));
  if (failing === undefined || refused === undefined) throw new Error('The application is not all there');
  const other = story.cloud.settings.computes.find((host) => host !== hostOf(failing) && host !== hostOf(refused));
  return { failing, refused, other };
}

async function placesOf(story: Story): Promise<Map<string, string>> {
  return new Map((await story.nova.servers()).map((server) => [server.id, server['OS-EXT-SRV-ATTR:host']]));
}
