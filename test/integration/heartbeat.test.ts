import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { SharedInstant } from '../../src/common/shared-instant.js';
import type { DatabaseTarget } from '../../src/config/index.js';
import { Repositories } from '../../src/db/repositories.js';
import type { HeartbeatSettings } from '../../src/engine/heartbeat.js';
import { ThreadHeartbeat } from '../../src/engine/heartbeat-thread.js';
import { LeaseGuard } from '../../src/engine/lease-guard.js';
import { LeaseKeeper } from '../../src/engine/ownership.js';
import { databaseKinds } from '../support/api-databases.js';
import { anEngine, NOON } from '../support/api-records.js';
import { anOwnedSession } from '../support/engine-session.js';
import { eventually } from '../support/eventually.js';

/* The thread that renews the lease, while the main thread, which is this test's, does not come round. */

const DEFAULTS: HeartbeatSettings = { leaseS: 3, heartbeatS: 0.5, hungS: 15 };
const machine = new SystemMachineClock();

/** The event loop does nothing meanwhile. */
function block(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}

async function alive(t: ExecutionContext, settings: HeartbeatSettings) {
  const kind = databaseKinds.find(({ name }) => name === 'MariaDB');
  if (kind === undefined) throw new Error('there is no server');
  const { database, settings: target, close } = await kind.open();
  const repositories = new Repositories(database);
  const heartbeat = new ThreadHeartbeat(target as DatabaseTarget, settings, machine, silentLogger);
  await heartbeat.prepare();
  const renewed = new SharedInstant();
  renewed.set(machine.monotonicMs());
  await repositories.engines.register(anEngine('engine-a'), settings.leaseS);
  const guard = new LeaseGuard('engine-a', settings.leaseS, machine, renewed);
  const life = { engineId: 'engine-a', renewed, alive: new SharedInstant() };
  const stopping = new AbortController();
  const first = renewed.ms;
  const kept = new LeaseKeeper(heartbeat, machine, settings.heartbeatS).keep(life, guard, stopping.signal);
  await eventually(() => renewed.ms > first, 'the first renewal by the thread');
  t.teardown(async () => {
    stopping.abort();
    await kept;
    await close();
  });
  return { repositories, guard, kept };
}

if (databaseKinds.some(({ name }) => name === 'MariaDB')) {
  test.serial(
    'an event loop that is blocked for 5 s costs no lease, also in the middle of a transaction',
    async (t) => {
      const { repositories, guard } = await alive(t, DEFAULTS);
      const { sessions, engines, database } = repositories;
      const { session, lease } = await anOwnedSession(repositories);
      await engines.renew('engine-a', DEFAULTS.leaseS);
      await database.transaction(async (tx) => {
        // The session's row stays locked for all that time.
        await sessions.write(lease, 1, { percentDone: 1 }, NOON, tx);
        block(5);
      });
      guard.require();
      t.is(await engines.expire(), 0);
      t.is((await sessions.get(session.sessionId))?.percentDone, 1);
      await database.transaction((tx) => sessions.write(lease, 1, { percentDone: 2 }, NOON, tx));
    },
  );

  test.serial(
    'a main thread that hangs for longer than it may loses the lease, and believes in it no more',
    async (t) => {
      const { repositories, guard, kept } = await alive(t, { leaseS: 1, heartbeatS: 0.2, hungS: 0.5 });
      block(3);
      t.false(guard.holds);
      t.is(await repositories.engines.expire(), 1);
      t.is(await kept, 'lost');
    },
  );
}
