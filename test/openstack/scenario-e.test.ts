import test from 'ava';
import { becomes } from './cloud/becomes.js';
import { hearOf } from './support/admin-alarms.js';
import { Story } from './support/story.js';

/** Which the host joins that is added. */
const AGGREGATE = 'fast';
/** While this runs on the host that leaves, its nova-compute is ended. */
const BY_HAND = { plugin: 'noop', type: 'host', name: 'by hand', order: -1, metadata: { duration: 10 } } as const;

test('E: host-scale: one host joins the cloud and receives, another is emptied and leaves it for good', async (t) => {
  const story = await Story.begin(t, { workers: 2 });
  const { cloud, nova, fenix, hosts } = story;
  const [old = '', ...staying] = [...hosts].reverse();
  const [young = ''] = cloud.settings.spares;
  const members = await story.aggregate(t, AGGREGATE);
  const heard = await hearOf(t, cloud.admin, 'maintenance.host');

  const sessionId = await story.maintain({
    workflow: 'vnf',
    actions: [
      {
        plugin: 'host-scale',
        type: 'pre',
        name: 'new',
        metadata: { add: { hosts: [young], aggregates: [AGGREGATE] } },
      },
      BY_HAND,
      { plugin: 'host-scale', type: 'host', name: 'old', metadata: { retire: { hosts: [old] } } },
    ],
  });
  await story.reaches(sessionId, ({ waiting }) => waiting?.for === 'plug-in', 'waiting for the new host');
  story.addHost(young);
  await story.reaches(sessionId, stateOf(old, 'in_maintenance'), `${old} in maintenance`);
  await story.endsCompute(t, old);
  const detail = await story.ends(sessionId);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));

  const scaled = new Map(detail.hosts.map((host) => [host.hostname, [host.state, host.scaled]]));
  t.deepEqual(scaled.get(young), ['done', 'added']);
  t.deepEqual(scaled.get(old), ['done', 'removed']);
  for (const host of staying) t.deepEqual(scaled.get(host), ['done', undefined]);

  t.deepEqual(await members(), [young], 'as Nova has it');
  t.deepEqual(await providers(story), [...staying, young].sort(), 'as Placement has it');
  hosts.splice(hosts.indexOf(old), 1);
  hosts.sort();
  await story.isInOrder(t);
  await story.movedAsPlanned(t, sessionId);
  t.true(
    (await story.migrations()).some(({ dest_compute: to }) => to === young),
    'the new host took instances',
  );
  t.false((await story.migrations()).some(({ dest_compute: to }) => to === old));
  t.true((await nova.servers()).every((server) => server['OS-EXT-SRV-ATTR:host'] !== old));
  t.deepEqual(story.manager.problems, []);

  const told = (): string[] =>
    heard.received.map(({ post }) => {
      const traits = new Map(post.reason_data.event.traits.map(([name, , value]) => [name, value]));
      return `${traits.get('host')} ${traits.get('state')}`;
    });
  const last = `${old} HOST_REMOVED`;
  await becomes(async () => told().includes(last), last);
  t.deepEqual(
    told().filter((line) => line.startsWith(young) || line.startsWith(old)),
    [`${young} HOST_ADDED`, `${old} IN_MAINTENANCE`, `${old} MAINTENANCE_COMPLETE`, last],
  );
  t.deepEqual(
    (await fenix.client.history(sessionId)).filter(({ what }) => what === 'host-added' || what === 'host-removed')
      .length,
    2,
  );
});

const stateOf =
  (name: string, wanted: string) =>
  ({ hosts }: Awaited<ReturnType<Story['ends']>>): boolean =>
    hosts.some(({ hostname, state }) => hostname === name && state === wanted);

/** Names of all resource providers. */
async function providers({ cloud }: Story): Promise<string[]> {
  const { resource_providers: all } = await cloud.admin.get<{ resource_providers: { name: string }[] }>(
    'placement',
    '/resource_providers',
  );
  return all.map(({ name }) => name).sort();
}
