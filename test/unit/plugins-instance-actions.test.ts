import test, { type ExecutionContext } from 'ava';
import noop from '../../plugins/actions/noop.js';
import evacuate from '../../plugins/instance-actions/evacuate.js';
import liveMigrate from '../../plugins/instance-actions/live-migrate.js';
import migrate from '../../plugins/instance-actions/migrate.js';
import ownAction from '../../plugins/instance-actions/own-action.js';
import stopStart from '../../plugins/instance-actions/stop-start.js';
import { ManualClock, plusSeconds, SystemMachineClock } from '../../src/common/clock.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import { silentLogger } from '../../src/common/logger.js';
import { KeystoneSession } from '../../src/keystone-auth-middleware/index.js';
import { OpenStackCloud } from '../../src/openstack/index.js';
import { startSimulator, type Topology } from '../../src/simulator/index.js';
import type { CloudPort, Server } from '../../src/workflow/cloud-port.js';
import type { InstanceActionContext, InstanceActionPlugin } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { SETTINGS } from '../support/engine-views.js';

const WEB = '00000000-0000-4000-8000-000000000001';
const size = { vcpus: 4, memoryMb: 8192, diskGb: 100 };

function aTopology(state: 'ACTIVE' | 'SHUTOFF' | 'ERROR' | 'PAUSED' = 'ACTIVE'): Topology {
  return {
    flavors: [{ name: 'small', vcpus: 2, memoryMb: 1024, diskGb: 10 }],
    hosts: ['alpha', 'beta', 'gamma'].map((name) => ({ name, ...size })),
    projects: [{ name: 'demo', instances: [{ name: 'web', id: WEB, flavor: 'small', host: 'alpha', state }] }],
  };
}

/** The real cloud port on a simulated cloud, and a context as the engine gives it, over crashes. */
async function aStory(t: ExecutionContext, topology = aTopology(), settings: Partial<typeof SETTINGS> = {}) {
  const clock = new ManualClock();
  const simulator = await startSimulator({ topology, clock });
  t.teardown(() => simulator.stop());
  const credentials = { ...simulator.serviceCredentials, authUrl: simulator.authUrl };
  const session = new KeystoneSession(credentials, {}, new SystemMachineClock(), silentLogger);
  const cloud: CloudPort = new OpenStackCloud(session);
  const advance = (seconds: number): void => clock.advanceTo(plusSeconds(clock.now(), seconds));
  const log: string[] = [];
  /** What the journal would know. */
  const done = new Set<string>();
  const begun = new Map<string, Readonly<Record<string, unknown>>>();
  const begunAt = clock.now();
  const takeBack = new AbortController();
  /** What happens in the cloud by others, by the number of the look that sees it first. */
  const meanwhile = new Map<number, () => unknown>();
  let looks = 0;
  const context = (overrides: Partial<InstanceActionContext> = {}): InstanceActionContext => ({
    instanceId: WEB,
    from: 'alpha',
    target: 'beta',
    statusBefore: 'ACTIVE',
    cloud,
    settings: { ...SETTINGS, ...settings },
    clock,
    begunAt,
    log: silentLogger,
    signal: new AbortController().signal,
    takeBack: takeBack.signal,
    begun: async (step) => log.includes(step),
    once: async (step, write) => {
      if (done.has(step)) return;
      const known = begun.get(step);
      if (known !== undefined && (await write.probe(known))) return void done.add(step);
      const before = known ?? (await write.before?.()) ?? {};
      begun.set(step, before);
      log.push(step);
      await write.run().catch(async (error: unknown) => {
        if (!(error instanceof FenixError && error.kind === 'conflict' && (await write.probe(before)))) throw error;
      });
      done.add(step);
    },
    watch: async (judge, until) => {
      for (;;) {
        advance(1);
        looks += 1;
        await meanwhile.get(looks)?.();
        const verdict = await judge((await cloud.servers()).find(({ id }) => id === WEB));
        if (verdict !== undefined) return verdict;
        if (clock.now() >= until) return undefined;
      }
    },
    ...overrides,
  });
  const run = (plugin: InstanceActionPlugin, overrides?: Partial<InstanceActionContext>) =>
    plugin.run(context(overrides));
  const serviceOf = async (host: string) => (await cloud.services()).find((service) => service.host === host)?.id ?? '';
  const remove = async (): Promise<void> => {
    await session.request({ serviceType: 'compute', method: 'DELETE', path: `/servers/${WEB}` });
    advance(30);
  };
  /** An admin aborts the session and wants moves in flight taken back. */
  const wantBack = (): void => takeBack.abort();
  /** The life that sends this request ends before it hears the answer. */
  const diesOver = (step: string): Partial<InstanceActionContext> => ({
    once: async (name, write) => {
      if (name !== step) return context().once(name, write);
      begun.set(name, (await write.before?.()) ?? {});
      log.push(name);
      await write.run();
      throw new Stopped();
    },
  });
  return {
    cloud,
    clock,
    simulator,
    advance,
    log,
    done,
    meanwhile,
    context,
    run,
    serviceOf,
    remove,
    wantBack,
    diesOver,
  };
}

/** A crash: every further look at the cloud by this life ends it. */
const dies: Partial<InstanceActionContext> = { watch: () => Promise.reject(new Stopped()) };

test('MIGRATE: migrated to the named target and confirmed', async (t) => {
  const { run, log, cloud } = await aStory(t);
  t.deepEqual(await run(migrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['migrate', 'confirm']);
  t.like(await cloud.server(WEB), { host: 'beta', status: 'ACTIVE', taskState: null });
  t.deepEqual(await cloud.occupants('alpha'), { servers: [], allocations: [], migrations: [] });
});

test('MIGRATE: a stopped instance arrives stopped', async (t) => {
  const { run, cloud } = await aStory(t, aTopology('SHUTOFF'));
  t.deepEqual(await run(migrate), { result: 'moved', host: 'beta' });
  t.like(await cloud.server(WEB), { host: 'beta', status: 'SHUTOFF' });
});

test('MIGRATE: after a crash it goes on where it was, with one request of each', async (t) => {
  const { run, log, advance } = await aStory(t);
  await t.throwsAsync(run(migrate, dies), { instanceOf: Stopped });
  advance(60);
  t.deepEqual(await run(migrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['migrate', 'confirm']);
});

for (const host of ['beta', 'gamma'])
  test(`MIGRATE: an owner’s resize to ${host}, come between two requests, is neither confirmed nor moved`, async (t) => {
    const topology = aTopology();
    const [project] = topology.projects;
    const web = { name: 'web', id: WEB, flavor: 'small', host, resizedFrom: 'alpha' };
    const resized = { ...topology, projects: [{ name: 'demo', ...project, instances: [web] }] };
    const { context, cloud, log } = await aStory(t, resized);
    // The first request met a server that was busy; it is made again when that is over.
    const once: InstanceActionContext['once'] = async (step, write) => {
      log.push(step);
      if (!(await write.probe({ migration: null, event: null }))) await write.run();
    };
    t.like(await migrate.run(context({ once })), { result: 'refused', otherWay: true });
    t.deepEqual(log, ['migrate']);
    t.like(await cloud.server(WEB), { host, status: 'VERIFY_RESIZE' });
  });

test('MIGRATE: a target that Nova’s scheduler does not take is a refusal, the instance untouched', async (t) => {
  const { run, cloud, serviceOf } = await aStory(t);
  await cloud.disableService(await serviceOf('beta'), 'fenix other');
  const outcome = await run(migrate);
  t.like(outcome, { result: 'refused', code: 'no-valid-host' });
  t.like(await cloud.server(WEB), { host: 'alpha', status: 'ACTIVE' });
});

/** As some releases of Nova have it: of a migration for which no host was found nothing is left but the event. */
function withoutFailedMigrations(cloud: CloudPort): CloudPort {
  const migrations: CloudPort['migrations'] = async (id) =>
    (await cloud.migrations(id)).filter(({ status }) => status !== 'error');
  return Object.assign(Object.create(cloud), { migrations });
}

test('MIGRATE: a failure that shows in the instance’s events alone is seen at once', async (t) => {
  const again = await aStory(t);
  await again.cloud.migrate(WEB, 'beta');
  again.advance(60);
  await again.cloud.confirmResize(WEB);
  again.advance(60);
  await again.cloud.disableService(await again.serviceOf('gamma'), 'fenix other');
  const started = again.clock.now().getTime();
  const observed = { cloud: withoutFailedMigrations(again.cloud), from: 'beta', target: 'gamma' };
  t.like(await again.run(migrate, observed), { result: 'refused', code: 'no-valid-host' });
  t.true(again.clock.now().getTime() - started < 10_000);
});

test('MIGRATE: an event is evidence enough that a request arrived whose answer was lost', async (t) => {
  const { cloud, context, serviceOf, advance } = await aStory(t);
  await cloud.disableService(await serviceOf('beta'), 'fenix other');
  let probed: boolean | undefined;
  const once: InstanceActionContext['once'] = async (_step, write) => {
    const before = (await write.before?.()) ?? {};
    t.false(await write.probe(before));
    await write.run();
    advance(60);
    probed = await write.probe(before);
  };
  t.like(await migrate.run(context({ once, cloud: withoutFailedMigrations(cloud) })), { code: 'no-valid-host' });
  t.true(probed);
});

test('MIGRATE: a target that does not exist is a refusal', async (t) => {
  const { run } = await aStory(t);
  t.is((await run(migrate, { target: 'nowhere' })).result, 'refused');
});

test('MIGRATE: an instance that its project deleted is gone, before and in the middle', async (t) => {
  const before = await aStory(t);
  await before.remove();
  t.deepEqual(await before.run(migrate), { result: 'gone' });
  const middle = await aStory(t);
  middle.meanwhile.set(1, middle.remove);
  t.deepEqual(await middle.run(migrate), { result: 'gone' });
  t.deepEqual(middle.log, ['migrate']);
});

test('MIGRATE: a resize that its user begins at the same moment is not taken for our migration', async (t) => {
  const story = await aStory(t);
  const resize = {
    id: '7',
    instanceId: WEB,
    sourceHost: 'alpha',
    targetHost: 'gamma',
    type: 'resize',
    status: 'pre-migrating',
    createdAt: story.clock.now(),
  };
  let isResized = false;
  const cloud: CloudPort = Object.assign(Object.create(story.cloud), {
    migrations: async () => (isResized ? [resize] : []),
    migrate: async () => {
      isResized = true;
      throw new FenixError('conflict', 'instance-busy', 'Cannot migrate while it is in task_state resize_prep.');
    },
  });
  t.like(await story.run(migrate, { cloud }), { result: 'refused', code: 'instance-busy' });
  t.deepEqual(story.log, ['migrate']);
});

test('MIGRATE: an instance in the middle of its user’s own resize is refused and the resize is never confirmed by us', async (t) => {
  const { run, log, cloud, advance } = await aStory(t);
  await cloud.migrate(WEB, 'gamma');
  advance(60);
  t.like(await cloud.server(WEB), { status: 'VERIFY_RESIZE' });
  t.is((await run(migrate)).result, 'refused');
  t.deepEqual(log, ['migrate']);
  t.like(await cloud.server(WEB), { status: 'VERIFY_RESIZE', host: 'gamma' });
});

test('MIGRATE: somebody else’s confirmation is as good as ours', async (t) => {
  const { run, cloud, advance, log } = await aStory(t);
  await t.throwsAsync(run(migrate, dies), { instanceOf: Stopped });
  advance(60);
  await cloud.confirmResize(WEB);
  advance(60);
  t.deepEqual(await run(migrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['migrate']);
});

test('MIGRATE: what does not end in its time is a failure that says so', async (t) => {
  const { run, clock } = await aStory(t, aTopology(), { coldMigrationTimeoutS: 2 });
  const started = clock.now().getTime();
  t.deepEqual(await run(migrate), {
    result: 'failed',
    code: 'time-out',
    message: `Instance ${WEB} did not reach VERIFY_RESIZE within 2 s.`,
    underWay: true,
  });
  t.is(clock.now().getTime() - started, 2000);
});

test('MIGRATE: what is wanted back is taken back when it arrives, and its room at the target is free again', async (t) => {
  const { run, log, cloud, wantBack, meanwhile } = await aStory(t);
  meanwhile.set(2, wantBack);
  t.like(await run(migrate), { result: 'reverted' });
  t.deepEqual(log, ['migrate', 'revert']);
  t.like(await cloud.server(WEB), { host: 'alpha', status: 'ACTIVE', taskState: null });
  t.deepEqual(await cloud.occupants('beta'), { servers: [], allocations: [], migrations: [] });
});

test('MIGRATE: what is wanted back before it was asked for is not asked for', async (t) => {
  const { run, log, wantBack } = await aStory(t);
  wantBack();
  t.like(await run(migrate), { result: 'refused', code: 'aborted' });
  t.like(await run(liveMigrate), { result: 'refused', code: 'aborted' });
  t.deepEqual(log, []);
});

test('MIGRATE: what is wanted back after its confirmation was asked for stays where it went', async (t) => {
  const { run, log, cloud, wantBack, meanwhile } = await aStory(t);
  const confirmed = cloud.confirmResize.bind(cloud);
  cloud.confirmResize = async (id) => {
    await confirmed(id);
    wantBack();
    throw new Stopped();
  };
  await t.throwsAsync(run(migrate), { instanceOf: Stopped });
  meanwhile.clear();
  cloud.confirmResize = confirmed;
  t.deepEqual(await run(migrate), { result: 'moved', host: 'beta' });
  t.deepEqual(new Set(log), new Set(['migrate', 'confirm']));
});

test('MIGRATE: what Nova does not take back is confirmed', async (t) => {
  const { run, log, cloud, wantBack, meanwhile } = await aStory(t);
  meanwhile.set(1, wantBack);
  cloud.revertResize = () => Promise.reject(new FenixError('terminal', 'nova-refused', 'The source is down.'));
  t.deepEqual(await run(migrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['migrate', 'revert', 'confirm']);
});

test('MIGRATE: what arrives after its time is confirmed all the same, or taken back where that is wanted', async (t) => {
  for (const back of [false, true]) {
    const { run, log, cloud, context, wantBack } = await aStory(t, aTopology(), { coldMigrationTimeoutS: 2 });
    t.like(await run(migrate), { result: 'failed', code: 'time-out', underWay: true });
    if (back) wantBack();
    t.is((await migrate.settle?.(context()))?.result, back ? 'reverted' : 'moved');
    t.deepEqual(log, ['migrate', back ? 'revert' : 'confirm']);
    t.like(await cloud.server(WEB), { host: back ? 'alpha' : 'beta', status: 'ACTIVE' });
  }
});

test('MIGRATE: a late look finds an owner’s resize, and leaves it alone', async (t) => {
  const { cloud, context, log, clock } = await aStory(t);
  await cloud.migrate(WEB, 'gamma');
  const [own] = await cloud.migrations(WEB);
  cloud.migrations = async () => (own === undefined ? [] : [{ ...own, type: 'resize' }]);
  t.like(await migrate.settle?.(context({ begunAt: clock.now() })), { result: 'failed', code: 'not-ours' });
  t.deepEqual(log, []);
});

test('LIVE_MIGRATE: what is wanted back is aborted as soon as Nova can, and not tried again', async (t) => {
  const { run, log, cloud, wantBack, meanwhile } = await aStory(t);
  meanwhile.set(1, wantBack);
  t.like(await run(liveMigrate), { result: 'reverted' });
  t.deepEqual(log, ['live-migrate-1', 'abort-1']);
  t.like(await cloud.server(WEB), { host: 'alpha', status: 'ACTIVE', taskState: null });
  t.like((await cloud.migrations(WEB))[0], { status: 'cancelled' });
});

test('LIVE_MIGRATE: what cannot be aborted any more arrives', async (t) => {
  const { run, log, cloud, wantBack, meanwhile } = await aStory(t);
  meanwhile.set(1, wantBack);
  cloud.abortLiveMigration = () => Promise.reject(new FenixError('terminal', 'nova-refused', 'It is completing.'));
  t.deepEqual(await run(liveMigrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['live-migrate-1', 'abort-1']);
});

test('LIVE_MIGRATE: arrives without a confirmation', async (t) => {
  const { run, log, cloud } = await aStory(t);
  t.deepEqual(await run(liveMigrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['live-migrate-1']);
  t.like(await cloud.server(WEB), { host: 'beta', status: 'ACTIVE' });
});

test('LIVE_MIGRATE: an instance that does not run is migrated cold, also over a crash in the middle', async (t) => {
  const { run, log, advance, cloud } = await aStory(t, aTopology('SHUTOFF'));
  await t.throwsAsync(run(liveMigrate, dies), { instanceOf: Stopped });
  advance(60);
  t.like(await cloud.server(WEB), { status: 'VERIFY_RESIZE' });
  t.deepEqual(await run(liveMigrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['migrate', 'confirm']);
  t.like(await cloud.server(WEB), { host: 'beta', status: 'SHUTOFF' });
});

test('LIVE_MIGRATE: one that comes to nothing is tried as often as allowed', async (t) => {
  const { run, log, cloud, meanwhile } = await aStory(t, aTopology(), { liveMigrationRetries: 2 });
  const abort = async () => cloud.abortLiveMigration(WEB, (await cloud.migrations(WEB))[0]?.id ?? '');
  for (const look of [1, 3, 5]) meanwhile.set(look, abort);
  const outcome = await run(liveMigrate);
  t.like(outcome, { result: 'failed', code: 'live-migration-failed' });
  t.deepEqual(log, ['live-migrate-1', 'live-migrate-2', 'live-migrate-3']);
});

test('LIVE_MIGRATE: a target that may take nothing any more has refused, and is not tried again', async (t) => {
  const { run, log, cloud } = await aStory(t);
  const beta = (await cloud.services()).find(({ binary, host }) => binary === 'nova-compute' && host === 'beta');
  await cloud.disableService(beta?.id ?? '', 'by hand');
  t.deepEqual(await run(liveMigrate), {
    result: 'refused',
    code: 'not-proven',
    message: 'Placement sees beta as disabled',
  });
  t.deepEqual(log, ['live-migrate-1']);
});

test("LIVE_MIGRATE: a target that Nova's scheduler refuses, whatever Placement shows, is not tried again", async (t) => {
  const { run, log, cloud } = await aStory(t);
  const beta = (await cloud.services()).find(({ binary, host }) => binary === 'nova-compute' && host === 'beta');
  await cloud.disableService(beta?.id ?? '', 'by hand');
  cloud.proves = async () => ({ fits: true });
  t.like(await run(liveMigrate), { result: 'refused', code: 'no-valid-host' });
  t.deepEqual(log, ['live-migrate-1']);
});

test('LIVE_MIGRATE: the second try may succeed', async (t) => {
  const { run, log, cloud, meanwhile } = await aStory(t);
  meanwhile.set(1, async () => cloud.abortLiveMigration(WEB, (await cloud.migrations(WEB))[0]?.id ?? ''));
  t.deepEqual(await run(liveMigrate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['live-migrate-1', 'live-migrate-2']);
});

test('LIVE_MIGRATE: what outlasts its time is forced to its end where that is wanted', async (t) => {
  const slow = { ...aTopology(), timings: { liveMigration: 100 } };
  const settings = { liveMigrationWaitS: 40, liveMigrationTimeoutAction: 'force_complete' } as const;
  const forced = await aStory(t, slow, settings);
  t.deepEqual(await forced.run(liveMigrate), { result: 'moved', host: 'beta' });
  t.deepEqual(forced.log, ['live-migrate-1', 'force-complete-1']);
});

test('LIVE_MIGRATE: its time counts from when it runs; one that queues too long is taken back, never forced', async (t) => {
  // It runs from second 30 to 100.
  const slow = { ...aTopology(), timings: { liveMigration: 100 } };
  const patient = await aStory(t, slow, { liveMigrationWaitS: 72 });
  t.deepEqual(await patient.run(liveMigrate), { result: 'moved', host: 'beta' });
  const settings = { busyTimeoutS: 25, liveMigrationTimeoutAction: 'force_complete' } as const;
  const queued = await aStory(t, slow, settings);
  t.deepEqual(await queued.run(liveMigrate), {
    result: 'failed',
    code: 'time-out',
    message: `The live migration of instance ${WEB} did not begin within 25 s.`,
  });
  t.deepEqual(queued.log, ['live-migrate-1', 'abort-1']);
});

const LIVE_TOO_LONG = { ...aTopology(), timings: { liveMigration: 100 } };
const CONCLUSIONS = [
  { step: 'confirm', plugin: migrate },
  { step: 'revert', plugin: migrate, wantedBack: true },
  { step: 'abort-1', plugin: liveMigrate, topology: LIVE_TOO_LONG, settings: { liveMigrationWaitS: 40 } },
  {
    step: 'force-complete-1',
    plugin: liveMigrate,
    topology: LIVE_TOO_LONG,
    settings: { liveMigrationWaitS: 40, liveMigrationTimeoutAction: 'force_complete' },
  },
] as const;

for (const { step, plugin, ...rest } of CONCLUSIONS)
  test(`${plugin.name}: that Nova has accepted "${step}" is seen before the server shows it`, async (t) => {
    const { topology, settings, wantedBack } = { topology: aTopology(), settings: {}, wantedBack: false, ...rest };
    const { cloud, context, meanwhile, wantBack } = await aStory(t, topology, settings);
    if (wantedBack) meanwhile.set(2, wantBack);
    let shown: Promise<Server | undefined> | undefined;
    const slow: CloudPort = new Proxy(cloud, {
      get: (target, name, receiver) =>
        name === 'server' && shown !== undefined ? () => shown : Reflect.get(target, name, receiver),
    });
    const probed: boolean[] = [];
    const { once } = context();
    const watching: InstanceActionContext['once'] = async (name, write) => {
      if (name !== step) return once(name, write);
      shown = cloud.server(WEB);
      const before = (await write.before?.()) ?? {};
      probed.push(await write.probe(before));
      await write.run();
      probed.push(await write.probe(before));
      shown = undefined;
    };
    await plugin.run(context({ once: watching, cloud: slow }));
    t.deepEqual(probed, [false, true]);
  });

const ENDINGS = [
  { step: 'confirm', plugin: migrate, steps: ['migrate'], outcome: { result: 'moved', host: 'beta' } },
  { step: 'revert', plugin: migrate, steps: ['migrate'], outcome: { result: 'reverted' }, wantedBack: true },
  {
    step: 'abort-1',
    plugin: liveMigrate,
    steps: ['live-migrate-1'],
    outcome: { result: 'failed', code: 'time-out' },
    topology: LIVE_TOO_LONG,
    settings: { liveMigrationWaitS: 40 },
  },
] as const;

for (const { step, plugin, steps, outcome, ...rest } of ENDINGS)
  test(`${plugin.name}: "${step}" was heard by Nova alone, and done with when the next engine looked`, async (t) => {
    const { topology, settings, wantedBack } = { topology: aTopology(), settings: {}, wantedBack: false, ...rest };
    const { run, log, done, advance, diesOver, meanwhile, wantBack } = await aStory(t, topology, settings);
    if (wantedBack) meanwhile.set(2, wantBack);
    await t.throwsAsync(run(plugin, diesOver(step)), { instanceOf: Stopped });
    advance(60);
    t.like(await run(plugin), outcome);
    t.deepEqual(log, [...steps, step]);
    t.true(done.has(step), 'its journal entry has an outcome');
  });

test('STOP_START: "start" was heard by Nova alone, and done with when the next engine looked', async (t) => {
  const { run, context, log, done, advance, diesOver } = await aStory(t);
  await run(stopStart);
  await t.throwsAsync(stopStart.restore(context(diesOver('start'))), { instanceOf: Stopped });
  advance(60);
  t.deepEqual(await stopStart.restore(context()), { result: 'started' });
  t.deepEqual(log, ['stop', 'start']);
  t.true(done.has('start'), 'its journal entry has an outcome');
});

test('LIVE_MIGRATE: a gone instance is gone', async (t) => {
  const { run } = await aStory(t);
  t.deepEqual(await run(liveMigrate, { instanceId: '00000000-0000-4000-8000-00000000dead' }), { result: 'gone' });
});

/** A story on whose first host nothing runs any more. */
async function aDeadHost(t: ExecutionContext, topology?: Topology, settings?: Partial<typeof SETTINGS>) {
  const story = await aStory(t, topology, settings);
  story.simulator.setHostUp('alpha', false);
  return story;
}

for (const [before, after] of [
  ['ACTIVE', 'ACTIVE'],
  ['SHUTOFF', 'SHUTOFF'],
  ['ERROR', 'ACTIVE'],
] as const)
  test(`EVACUATE: an instance that was ${before} is built anew on the named target and is ${after}`, async (t) => {
    const { run, log, cloud } = await aDeadHost(t, aTopology(before));
    t.deepEqual(await run(evacuate), { result: 'moved', host: 'beta' });
    t.deepEqual(log, ['evacuate']);
    t.like(await cloud.server(WEB), { host: 'beta', status: after, taskState: null });
    t.deepEqual(await cloud.occupants('alpha'), { servers: [], allocations: [WEB], migrations: [] });
    t.deepEqual(await cloud.evacuatedFrom('alpha'), [WEB]);
  });

test('EVACUATE: after a crash it goes on where it was, with one request', async (t) => {
  const { run, log, advance } = await aDeadHost(t);
  await t.throwsAsync(run(evacuate, dies), { instanceOf: Stopped });
  advance(60);
  t.deepEqual(await run(evacuate), { result: 'moved', host: 'beta' });
  t.deepEqual(log, ['evacuate']);
});

test('EVACUATE: a target that the scheduler does not take is a refusal; from ERROR the next one is tried', async (t) => {
  const { run, cloud, serviceOf } = await aDeadHost(t);
  await cloud.disableService(await serviceOf('beta'), 'fenix other');
  t.like(await run(evacuate), { result: 'refused', code: 'no-valid-host' });
  t.like(await cloud.server(WEB), { host: 'alpha', status: 'ERROR' });
});

test('EVACUATE: a host that is up is refused, and not for the target’s sake; so is MIGRATE off a dead one', async (t) => {
  const { run, simulator, log } = await aStory(t);
  t.like(await run(evacuate), { result: 'refused', otherWay: true });
  simulator.setHostUp('alpha', false);
  t.like(await run(migrate), { result: 'refused', otherWay: true });
  t.deepEqual(log, ['evacuate', 'migrate']);
});

test('EVACUATE: what does not end in time is a failure, and an instance that is deleted is gone', async (t) => {
  const late = await aDeadHost(t, aTopology(), { coldMigrationTimeoutS: 30 });
  late.meanwhile.set(3, () => late.simulator.setHostUp('beta', false));
  t.like(await late.run(evacuate), { result: 'failed', code: 'time-out' });
  const gone = await aDeadHost(t);
  await gone.remove();
  t.deepEqual(await gone.run(evacuate), { result: 'gone' });
});

test('STOP_START: stopped where it is, and started there again', async (t) => {
  const { run, context, log, cloud } = await aStory(t);
  t.deepEqual(await run(stopStart), { result: 'stopped', wasRunning: true });
  t.like(await cloud.server(WEB), { host: 'alpha', status: 'SHUTOFF', taskState: null });
  t.deepEqual(await stopStart.restore(context()), { result: 'started' });
  t.like(await cloud.server(WEB), { host: 'alpha', status: 'ACTIVE' });
  t.deepEqual(log, ['stop', 'start']);
});

test('STOP_START: after a crash in either half it goes on where it was, with one request of each', async (t) => {
  const { run, context, log, advance } = await aStory(t);
  await t.throwsAsync(run(stopStart, dies), { instanceOf: Stopped });
  advance(60);
  t.deepEqual(await run(stopStart), { result: 'stopped', wasRunning: true });
  await t.throwsAsync(stopStart.restore(context(dies)), { instanceOf: Stopped });
  advance(60);
  t.deepEqual(await stopStart.restore(context()), { result: 'started' });
  t.deepEqual(log, ['stop', 'start']);
});

test('STOP_START: what was off before is left alone; started meanwhile, it is to be decided about anew', async (t) => {
  const off = await aStory(t, aTopology('SHUTOFF'));
  t.deepEqual(await off.run(stopStart, { statusBefore: 'SHUTOFF' }), { result: 'stopped', wasRunning: false });
  const on = await aStory(t);
  t.like(await on.run(stopStart, { statusBefore: 'SHUTOFF' }), { result: 'refused', otherWay: true });
  t.deepEqual([...off.log, ...on.log], []);
});

test('STOP_START: what Nova does not stop is refused, what is deleted is gone', async (t) => {
  const { run, cloud } = await aStory(t, aTopology('PAUSED'));
  t.is((await run(stopStart)).result, 'refused');
  t.like(await cloud.server(WEB), { status: 'PAUSED' });
  const { run: again, remove, context } = await aStory(t);
  await remove();
  t.deepEqual(await again(stopStart), { result: 'gone' });
  t.deepEqual(await stopStart.restore(context()), { result: 'gone' });
});

test('STOP_START: an instance that its owner has started is started; one whose host is down does not start in time', async (t) => {
  const owners = await aStory(t);
  t.deepEqual(await stopStart.restore(owners.context()), { result: 'started' });
  t.deepEqual(owners.log, []);
  const dead = await aStory(t, aTopology('SHUTOFF'), { coldMigrationTimeoutS: 30 });
  dead.simulator.setHostUp('alpha', false);
  t.like(await stopStart.restore(dead.context()), { result: 'failed', code: 'time-out' });
});

test('OWN_ACTION: ends when the project has taken the instance off the host', async (t) => {
  const { run, log, cloud, meanwhile } = await aStory(t);
  meanwhile.set(3, () => cloud.liveMigrate(WEB, 'gamma'));
  t.deepEqual(await run(ownAction, { target: null }), { result: 'moved', host: 'gamma' });
  t.deepEqual(log, [], 'Fenix asks for nothing');
});

test('OWN_ACTION: a resize that its user has not confirmed yet is not the end', async (t) => {
  const { run, cloud, meanwhile, clock } = await aStory(t);
  const started = clock.now().getTime();
  meanwhile.set(1, () => cloud.migrate(WEB, 'gamma'));
  meanwhile.set(100, () => cloud.confirmResize(WEB));
  t.deepEqual(await run(ownAction, { target: null }), { result: 'moved', host: 'gamma' });
  t.true(clock.now().getTime() - started > 100_000);
});

test('OWN_ACTION: waits no longer than allowed, counted from its beginning over crashes', async (t) => {
  const { run, clock, advance } = await aStory(t, aTopology(), { ownActionTimeoutS: 100 });
  const started = clock.now().getTime();
  await t.throwsAsync(run(ownAction, { target: null, ...dies }), { instanceOf: Stopped });
  advance(90);
  t.like(await run(ownAction, { target: null }), { result: 'failed', code: 'own-action-time-out' });
  t.is(clock.now().getTime() - started, 100_000);
});

function onHost(metadata: Record<string, unknown>) {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const context = actionContext({ host: 'alpha', metadata, clock, signal: stopping.signal });
  return { clock, stopping, run: () => noop.run(context) };
}

test('noop: does nothing, or fails where it is told to', async (t) => {
  t.is(await onHost({}).run(), 'DONE');
  t.is(await onHost({ fail_on: ['beta'] }).run(), 'DONE');
  t.is(await onHost({ fail_on: ['beta', 'alpha'] }).run(), 'FAILED');
});

test('noop: takes as long as asked, and lets go when told', async (t) => {
  const slow = onHost({ duration: 60 });
  const running = slow.run();
  t.deepEqual(slow.clock.nextDue(), plusSeconds(slow.clock.now(), 60));
  slow.clock.advanceTo(plusSeconds(slow.clock.now(), 60));
  t.is(await running, 'DONE');
  const stopped = onHost({ duration: 60 });
  const ending = stopped.run();
  stopped.stopping.abort();
  await t.throwsAsync(ending, { instanceOf: Stopped });
});
