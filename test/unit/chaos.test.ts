import test from 'ava';
import type { LogEntry, LogEvent } from '../../src/simulator/index.js';
import { doubledMoves, doubledPlugInRuns, doubledServiceChanges } from '../chaos/doubled.js';
import { type Disturbance, planWave } from '../chaos/plan.js';
import type { LedgerLine } from '../chaos/plugins/actions/ledger.js';

const logOf = (...events: readonly LogEvent[]): LogEntry[] => events.map((event) => ({ ...event, at: new Date(0) }));

const added: LogEvent = { kind: 'instance-added', instanceId: 'i', name: 'i', projectId: 'owner', groupId: null };
const begun = (migrationId: number, byProjectId = 'fenix'): LogEvent => ({
  kind: 'move-begun',
  migrationId,
  instanceId: 'i',
  type: 'migration',
  from: 'c1',
  byProjectId,
});
const step = (action: string) => ({ subject: 'i', action });

test('a move that began in Nova more often than it was decided is found, whatever its owner does meanwhile', (t) => {
  const twice = logOf(added, begun(1), begun(2), begun(3, 'owner'));
  const confirmed = [step('move'), step('MIGRATE/migrate'), step('MIGRATE/confirm')];
  t.deepEqual(doubledMoves(twice, confirmed), ['Of instance i 2 moves began, and 1 were decided.']);
  t.deepEqual(doubledMoves(twice, [...confirmed, step('LIVE_MIGRATE/live-migrate-1')]), []);
});

test('a service that is disabled or enabled twice for the same reason is found; a new reason is no doubled one', (t) => {
  const change = (enabled: boolean, reason: string | null, byService = true): LogEvent => ({
    kind: 'service',
    host: 'c1',
    enabled,
    reason,
    byService,
  });
  const fair = [change(false, 'fenix a'), change(false, 'fenix b'), change(true, null), change(false, 'fenix b')];
  t.deepEqual(doubledServiceChanges(logOf(...fair)), []);
  t.deepEqual(doubledServiceChanges(logOf(...fair, change(false, 'fenix b'))), [
    'nova-compute on c1 was disabled (fenix b) twice.',
  ]);
  t.deepEqual(doubledServiceChanges(logOf(change(true, null), change(true, null, false))), []);
});

test("a plug-in's run that a probe would have excluded is found", (t) => {
  const line = (what: LedgerLine['what'], pid: number, isThere: boolean): LedgerLine => ({
    what,
    key: 'k',
    pid,
    isThere,
  });
  const done = [line('begin', 1, false), line('done', 1, true)];
  t.is(doubledPlugInRuns([...done, line('begin', 2, true)]).length, 1, 'nobody was asked');
  t.is(doubledPlugInRuns([...done, line('probe', 2, true), line('begin', 2, true)]).length, 1, 'the answer was yes');
  // An engine that was stopped in the middle went on in the moment between question and run.
  t.deepEqual(doubledPlugInRuns([line('probe', 2, false), ...done, line('begin', 2, true)]), []);
});

test('a seed gives the same wave each time: sessions that share groups, and every kind of harm sooner or later', (t) => {
  t.deepEqual(planWave(7, 'folder'), planWave(7, 'folder'));
  const kinds = new Set<Disturbance['what']>();
  for (let seed = 1; seed <= 40; seed += 1) {
    const { topology, sessions, disturbances } = planWave(seed, 'folder');
    for (const { what } of disturbances) kinds.add(what);
    const owner = new Map(sessions.flatMap(({ request }, index) => request.hosts?.map((host) => [host, index]) ?? []));
    t.is(owner.size, topology.hosts.length, 'no host is in two sessions, or in none');
    const shared = topology.projects.filter(
      ({ instances = [] }) => new Set(instances.map(({ host }) => owner.get(host))).size > 1,
    );
    t.true(shared.length > 0);
  }
  t.is(kinds.size, 8);
});
