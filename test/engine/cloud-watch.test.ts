import test from 'ava';
import { ManualClock, plusSeconds } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { CloudWatch } from '../../src/engine/cloud-watch.js';
import type { CloudPort, Server } from '../../src/workflow/cloud-port.js';

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
