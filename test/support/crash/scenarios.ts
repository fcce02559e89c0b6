import { fileURLToPath } from 'node:url';
import { HistoryRepository } from '../../../src/db/history-repository.js';
import { JournalRepository } from '../../../src/db/journal-repository.js';
import type { LogEvent, SimulatorLog } from '../../../src/simulator/index.js';
import { twoHosts } from './clouds.js';
import type { GatedClock } from './gated-clock.js';
import type { CrashScenario } from './matrix.js';
import { until } from './patience.js';
import type { Stage } from './stage.js';
import { hostAndSystem } from './stand-ins.js';

/** Each way of an instance off its host, each way back, and a plug-in with `undo`: one host of one instance is maintained. */
export const SCENARIOS = {
  MIGRATE: {
    topology: twoHosts(),
    ends: 'MAINTENANCE_DONE',
    needs: ['cloud migrate', 'cloud confirmResize', 'cloud disableService', 'cloud enableService', 'plug-in noop run'],
  },
  LIVE_MIGRATE: {
    topology: twoHosts({ manager: { action: 'LIVE_MIGRATE' } }),
    ends: 'MAINTENANCE_DONE',
    needs: ['cloud liveMigrate'],
    own: [['transaction move begun', 'transaction host empty']],
  },
  'LIVE_MIGRATE that is forced': {
    topology: twoHosts({ manager: { action: 'LIVE_MIGRATE' }, faults: { moves: { stuck: 1 } } }),
    options: { DEFAULT: { live_migration_wait_time: 20, live_migration_timeout_action: 'force_complete' } },
    ends: 'MAINTENANCE_DONE',
    needs: ['cloud liveMigrate', 'cloud forceCompleteLiveMigration'],
    own: [['transaction LIVE_MIGRATE/live-migrate-1 done', 'transaction host empty']],
  },
  'LIVE_MIGRATE that is aborted': {
    topology: twoHosts({ manager: { action: 'LIVE_MIGRATE' }, faults: { moves: { stuck: 1 } } }),
    options: { DEFAULT: { live_migration_wait_time: 20 } },
    ends: 'MAINTENANCE_FAILED',
    needs: ['cloud liveMigrate', 'cloud abortLiveMigration', 'cloud enableService'],
    own: [['transaction LIVE_MIGRATE/live-migrate-1 done', 'sessions.release']],
  },
  OWN_ACTION: {
    topology: twoHosts({ manager: { action: 'OWN_ACTION' } }),
    // The project acts when the move was begun, however long the crash takes.
    meanwhile: async ({ simulator, cloudClock }, stage, sessionId, signal) => {
      holdAfter(simulator.log, ({ kind }) => kind === 'instance-added', cloudClock);
      await until(() => hasBegun(stage, sessionId, 'move'), signal);
      cloudClock.release();
    },
    ends: 'MAINTENANCE_DONE',
    needs: ['transaction move begun'],
    own: [['transaction move begun', 'transaction host empty']],
  },
  EVACUATE: {
    topology: twoHosts({ a: { up: false } }),
    session: { policy: { down_hosts: 'evacuate' } },
    ends: 'MAINTENANCE_DONE',
    needs: ['cloud evacuate'],
    own: [['transaction move begun', 'transaction host empty']],
  },
  STOP_START: {
    topology: twoHosts({ a: { zone: 'west' } }),
    session: { policy: { immovable: 'stop_while_out' } },
    judgeBy: { mayStop: ['vm-1'] },
    ends: 'MAINTENANCE_DONE',
    needs: ['cloud stop', 'cloud start'],
    own: [
      ['transaction move begun', 'transaction host empty'],
      ['transaction start begun', 'transaction start done'],
    ],
  },
  'MIGRATE in vnf': {
    topology: twoHosts(),
    session: { workflow: 'vnf' },
    ends: 'MAINTENANCE_DONE',
    needs: ['cloud migrate', 'cloud confirmResize', 'plug-in noop run'],
  },
  'MIGRATE in vnf, its room held': {
    topology: twoHosts(),
    session: { workflow: 'vnf', policy: { hold_room: 'placeholders' } },
    ends: 'MAINTENANCE_DONE',
    needs: ['cloud holdRoom', 'cloud letRoomGo', 'cloud migrate'],
  },
  'abort with revert': {
    topology: twoHosts(),
    // The instance arrives when the abort is known, however long the crash takes.
    meanwhile: async ({ simulator, client, cloudClock }, stage, sessionId, signal) => {
      holdAfter(simulator.log, ({ kind }) => kind === 'move-begun', cloudClock);
      await until(() => simulator.log.of('move-begun').length > 0, signal);
      await client.control(sessionId, { abort: { moves: 'revert' } });
      await until(() => hasTold(stage, sessionId, 'command-taken'), signal);
      cloudClock.release();
    },
    ends: 'MAINTENANCE_FAILED',
    needs: ['cloud migrate', 'cloud revertResize', 'cloud enableService'],
    own: [['transaction MIGRATE/migrate done', 'sessions.release']],
  },
  'a plug-in with undo': {
    topology: twoHosts(),
    options: { DEFAULT: { plugin_path: fileURLToPath(new URL('./plugins', import.meta.url)) } },
    session: {
      policy: { plugin_failed: 'ask' },
      actions: [
        { plugin: 'installing', type: 'host', name: 'kernel', order: 1 },
        { plugin: 'installing', type: 'host', name: 'firmware', order: 2, metadata: { fails: true } },
      ],
    },
    meanwhile: async ({ client }, stage, sessionId, signal) => {
      await until(() => hasTold(stage, sessionId, 'question'), signal);
      await client.control(sessionId, { abort: {} });
    },
    ends: 'MAINTENANCE_FAILED',
    needs: ['plug-in kernel run', 'plug-in kernel undo', 'plug-in firmware undo', 'cloud enableService'],
    own: [['transaction host in_maintenance', 'sessions.release']],
  },
  'host-scale, http-hook and reboot': {
    topology: { ...twoHosts(), aggregates: [{ name: 'fast', hosts: ['a'] }] },
    standIns: hostAndSystem,
    meanwhile: async ({ simulator }) => {
      simulator.addHost({ name: 'c', vcpus: 8, memoryMb: 16_384, diskGb: 80 });
    },
    ends: 'MAINTENANCE_DONE',
    needs: ['plug-in new run', 'plug-in hook run', 'plug-in reboot run', 'cloud addToAggregate', 'cloud deleteService'],
    own: [
      ['plug-in new run', 'plug-in new run'],
      ['transaction host in_maintenance', 'sessions.release'],
    ],
  },
} satisfies Record<string, CrashScenario>;

/** The cloud's time stands still from the moment on that such a thing happens in it. */
function holdAfter(log: SimulatorLog, isIt: (event: LogEvent) => boolean, clock: GatedClock): void {
  const add = log.add.bind(log);
  log.add = (event) => {
    add(event);
    if (!isIt(event)) return;
    clock.hold();
    log.add = add;
  };
}

async function hasBegun({ database }: Stage, sessionId: string, action: string): Promise<boolean> {
  return (await new JournalRepository(database).list(sessionId)).some((entry) => entry.action === action);
}

async function hasTold({ database }: Stage, sessionId: string, what: string): Promise<boolean> {
  return (await new HistoryRepository(database).list(sessionId)).some((line) => line.what === what);
}
