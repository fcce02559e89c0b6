import type { ExecutionContext } from 'ava';
import { ManualClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { SharedInstant } from '../../src/common/shared-instant.js';
import { Database } from '../../src/db/database.js';
import { SchemaMigrator } from '../../src/db/migrator.js';
import { Repositories } from '../../src/db/repositories.js';
import type { Lease } from '../../src/db/session-repository.js';
import type { SessionDownloader } from '../../src/downloads/downloads.js';
import { CloudWatch } from '../../src/engine/cloud-watch.js';
import type { EngineSettings, SessionContext } from '../../src/engine/context.js';
import { Effects } from '../../src/engine/effects/effects.js';
import { runMove } from '../../src/engine/effects/move.js';
import { runPlugin } from '../../src/engine/effects/plugin-run.js';
import { runRoom } from '../../src/engine/effects/room.js';
import { runService } from '../../src/engine/effects/service.js';
import { runSettle } from '../../src/engine/effects/settle.js';
import { runStart } from '../../src/engine/effects/start.js';
import { Journal } from '../../src/engine/journal.js';
import { LeaseGuard } from '../../src/engine/lease-guard.js';
import { SessionWriter } from '../../src/engine/session-writer.js';
import type { Session } from '../../src/model/index.js';
import { inlinePlanner } from '../../src/planner/planner.js';
import { refusing } from '../../src/remote/refusing.js';
import type { SignedCalls } from '../../src/workflow/action-tools.js';
import type { CloudPort } from '../../src/workflow/cloud-port.js';
import type { ActionPlugin, InstanceActionPlugin } from '../../src/workflow/contract.js';
import { PluginRegistry } from '../../src/workflow/registry.js';
import { anEngine, aSession, endLease, NOON } from './api-records.js';
import { SETTINGS } from './engine-views.js';
import { ManualMachineClock } from './manual-machine-clock.js';

const noPrograms = refusing('no-programs', 'This story runs no programs.');

const noHooks: SignedCalls = {
  check: () => Promise.reject(new Error('this story calls nobody')),
  send: () => Promise.reject(new Error('this story calls nobody')),
};

const noDownloads: SessionDownloader = {
  placeOf: () => '/nowhere',
  bring: () => Promise.reject(new Error('this story downloads nothing')),
  remove: async () => undefined,
};

export const ENGINE_SETTINGS: EngineSettings = {
  ...SETTINGS,
  publicUrl: 'http://fenix.example.org:12347/v1',
  requestTimeoutS: 60,
  cloudPollS: 2,
  pluginRetry: { attempts: 1, waitS: 0 },
  pluginOutputIntervalS: 15,
  leaseS: 30,
  heartbeatS: 5,
  hungS: 60,
  sweepS: 2,
  turnPaceMs: 1000,
  keptPlans: 5,
};

/** A database with the schema, in memory, gone with the test. */
export async function aDatabase(t: ExecutionContext): Promise<Repositories> {
  const database = await Database.open({ kind: 'sqlite', filename: ':memory:' });
  t.teardown(() => database.close());
  await new SchemaMigrator(database).upgrade();
  return new Repositories(database);
}

/** A stored session, owned by `engineId`. */
export async function anOwnedSession(
  repositories: Repositories,
  engineId = 'engine-a',
  overrides: Partial<Session> = {},
): Promise<{ readonly session: Session; readonly lease: Lease }> {
  const session = aSession(overrides);
  await repositories.database.transaction((tx) => repositories.sessions.create(session, tx));
  await repositories.engines.register(anEngine(engineId), 1000);
  const lease = await repositories.sessions.claim(session, engineId);
  if (lease === undefined) throw new Error('the session could not be claimed');
  return { session, lease };
}

/** As another engine would: the owner's lease is over, and its session is claimed anew. */
export async function takeOver(repositories: Repositories, lost: Lease, engineId: string): Promise<Lease> {
  const { engines, sessions } = repositories;
  await endLease(repositories.database, lost.engineId);
  await engines.expire();
  await engines.register(anEngine(engineId), 1000);
  const session = await sessions.getEvenDeleted(lost.sessionId);
  const lease = session && (await sessions.claim(session, engineId));
  if (lease === undefined) throw new Error('the session could not be taken over');
  return lease;
}

/** One life of a session's owner on a database: what an engine has, without the loop that decides. */
export interface Life {
  readonly context: SessionContext;
  readonly clock: ManualClock;
  readonly machine: ManualMachineClock;
  readonly guard: LeaseGuard;
  readonly plugins: PluginRegistry;
  /** Raised whenever an effect ends. */
  readonly ended: string[];
  stop(): void;
}

interface LifeOptions {
  readonly session: Session;
  readonly lease: Lease;
  readonly cloud?: Partial<CloudPort>;
  readonly settings?: Partial<EngineSettings>;
  readonly clock?: ManualClock;
  readonly machine?: ManualMachineClock;
}

/** What a test's cloud does not expect to be asked throws. */
export function aCloudPort(methods: Partial<CloudPort> = {}): CloudPort {
  const { servers } = methods;
  // Who has only a list of servers gives all of them each time.
  const changed = servers && { serversChanged: async () => ({ changed: await servers(), gone: [], latest: null }) };
  return new Proxy(
    { ...changed, ...methods },
    {
      get: (target: Partial<CloudPort>, name) =>
        target[name as keyof CloudPort] ?? (() => Promise.reject(new Error(`unexpected call of ${String(name)}`))),
    },
  ) as CloudPort;
}

export function aLife(repositories: Repositories, options: LifeOptions): Life {
  const { session, lease, clock = new ManualClock(NOON), machine = new ManualMachineClock() } = options;
  const settings = { ...ENGINE_SETTINGS, ...options.settings };
  const cloud = aCloudPort(options.cloud);
  const stopping = new AbortController();
  const { signal } = stopping;
  const renewed = new SharedInstant();
  renewed.set(machine.monotonicMs());
  const guard = new LeaseGuard(lease.engineId, settings.leaseS, machine, renewed);
  const writer = new SessionWriter(lease, repositories, clock, () => undefined);
  const { requestTimeoutS, cloudPollS } = settings;
  const journal = new Journal(repositories.journal, writer, guard, machine, requestTimeoutS, signal, silentLogger);
  const plugins = new PluginRegistry();
  const ended: string[] = [];
  const effects: Effects = new Effects(
    {
      move: (entry, resumed) => runMove(context, entry, resumed),
      settle: (entry) => runSettle(context, entry),
      start: (entry) => runStart(context, entry),
      plugin: (entry, resumed) => runPlugin(context, entry, resumed),
      service: (entry, resumed) => runService(context, entry, resumed),
      room: (entry) => runRoom(context, entry),
    },
    () => ended.push('effect'),
    machine,
    signal,
    silentLogger,
  );
  const context: SessionContext = {
    repositories,
    cloud,
    watch: new CloudWatch(cloud, clock, cloudPollS, silentLogger),
    clock,
    machine,
    planner: inlinePlanner,
    plugins,
    tools: { remote: () => noPrograms, local: () => noPrograms, localFiles: '', hooks: () => noHooks, cloud },
    downloads: noDownloads,
    filesAt: null,
    settings,
    log: silentLogger,
    sessionId: session.sessionId,
    style: 'default',
    adminProjectId: 'admin-project',
    writer,
    journal,
    guard,
    effects,
    takeBack: new AbortController(),
    stopping: signal,
  };
  return { context, clock, machine, guard, plugins, ended, stop: () => stopping.abort() };
}

export function addAction(plugins: PluginRegistry, plugin: Partial<ActionPlugin> & Pick<ActionPlugin, 'run'>): void {
  const whole = { name: 'work', version: '1', ...plugin };
  plugins.add('action', { plugin: whole, info: { kind: 'action', ...named(whole) }, source: 'test' });
}

export function addInstanceAction(
  plugins: PluginRegistry,
  plugin: Partial<InstanceActionPlugin> & Pick<InstanceActionPlugin, 'run'>,
): void {
  const whole = { name: 'MIGRATE' as const, version: '1', needsTarget: true, ...plugin };
  plugins.add('instance-action', { plugin: whole, info: { kind: 'instance-action', ...named(whole) }, source: 'test' });
}

const named = ({ name, version }: { name: string; version: string }) => ({ name, version, digest: 'd' });

/** Passes turns of the event loop until `condition` holds: database work takes an unknown number of them. */
export async function until(condition: () => boolean | Promise<boolean>, turns = 5000): Promise<void> {
  for (let passed = 0; passed < turns; passed += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`The condition did not come true within ${turns} turns.`);
}
