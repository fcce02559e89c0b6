import test from 'ava';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { CloudWatch } from '../../src/engine/cloud-watch.js';
import { NO_RESOURCES } from '../../src/model/index.js';
import type { CloudPort, ComputeService, Server } from '../../src/workflow/cloud-port.js';

const POLL_S = 2;

/** A cloud that answers when it is told to, with the servers that it had when it was asked. */
function aSlowCloud() {
  let servers: Server[] = [];
  const answers: (() => void)[] = [];
  const cloud: Pick<CloudPort, 'services' | 'serversChanged' | 'capacities'> = {
    services: async () => [],
    capacities: async () => [],
    serversChanged: () => {
      const seen = { changed: servers, gone: [], latest: null };
      return new Promise((resolve) => answers.push(() => resolve(seen)));
    },
  };
  const has = (taskState: string | null): void => {
    servers = [{ id: 'vm', taskState } as Server];
  };
  return { cloud: cloud as CloudPort, has, answers };
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

test('who waits for the next view is not given one that was being read when he came', async (t) => {
  const clock = new ManualClock();
  const { cloud, has, answers } = aSlowCloud();
  const watch = new CloudWatch(cloud, clock, POLL_S, silentLogger);
  has(null);
  const early = watch.next(never);
  clock.advanceTo(plusSeconds(clock.now(), POLL_S));
  await turns();
  t.is(answers.length, 1, 'it is being read');
  // A request changes the server, and whoever made it waits for what comes of that.
  has('migrating');
  watch.changed();
  const late = watch.next(never);
  const later = watch.next(never);
  answers[0]?.();
  t.is((await early).servers[0]?.taskState, null);
  clock.advanceTo(plusSeconds(clock.now(), POLL_S));
  await turns();
  t.is(answers.length, 2, 'those who wait together cause one reading');
  answers[1]?.();
  for (const view of await Promise.all([late, later])) t.is(view.servers[0]?.taskState, 'migrating');
  watch.close();
});

test('readings of a slow cloud do not pile up, and whoever changed something sees it', async (t) => {
  const { cloud, has, answers } = aSlowCloud();
  const watch = new CloudWatch(cloud, new ManualClock(), POLL_S, silentLogger);
  const views: Promise<unknown>[] = [];
  for (const state of ['one', 'two', 'three', 'four']) {
    has(state);
    watch.changed();
    views.push(watch.view().then(({ servers }) => servers[0]?.taskState));
    await turns();
  }
  t.is(answers.length, 2, 'those who made the last two changes wait');
  answers[0]?.();
  await turns();
  t.is(answers.length, 3, 'for one reading');
  answers[1]?.();
  answers[2]?.();
  t.deepEqual(await Promise.all(views), ['one', 'two', 'four', 'four']);
  watch.close();
});

test('a host that joins the cloud is counted on as soon as Placement has it, and others are not asked for again', async (t) => {
  const clock = new ManualClock();
  const service = (host: string) => ({ binary: 'nova-compute', host, up: true }) as ComputeService;
  const services = [service('a'), service('ironic')];
  let there = ['a'];
  let asked = 0;
  const cloud: Pick<CloudPort, 'services' | 'serversChanged' | 'capacities'> = {
    services: async () => [...services],
    serversChanged: async () => ({ changed: [], gone: [], latest: null }),
    capacities: async () => {
      asked += 1;
      return there.map((host) => ({ host, capacity: NO_RESOURCES }));
    },
  };
  const watch = new CloudWatch(cloud as CloudPort, clock, POLL_S, silentLogger);
  const after = async (seconds: number): Promise<string[]> => {
    clock.advanceTo(plusSeconds(clock.now(), seconds));
    return (await watch.view()).capacities.map(({ host }) => host);
  };
  await after(0);
  await after(200);
  await after(200);
  asked = 0;
  for (let i = 0; i < 20; i += 1) await after(POLL_S);
  t.is(asked, 0, 'what never has an inventory is not looked for all the time');
  services.push(service('new'));
  t.deepEqual(await after(POLL_S), ['a']);
  there = ['a', 'new'];
  t.deepEqual(await after(POLL_S), ['a'], 'a little later');
  t.deepEqual(await after(10), ['a', 'new']);
  t.is(asked, 2);
  there = ['a', 'new', 'added'];
  watch.hostsChanged();
  t.deepEqual(await after(0), ['a', 'new', 'added']);
  watch.close();
});
