import test from 'ava';
import type { JournalEntry, SessionPolicy } from '../../src/model/index.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import { nextMoves } from '../../src/workflow/emptying.js';
import { neverEmpty } from '../../src/workflow/emptying-flow.js';
import { isStopped, startLeft, startStopped } from '../../src/workflow/stopped.js';
import type { SessionView } from '../../src/workflow/view.js';
import { needsTarget, wayOff } from '../../src/workflow/ways-off.js';
import { anEffect, anImpact, aServer, aService, at, aView } from '../support/engine-views.js';

const STOP: SessionPolicy = { immovable: 'stop_while_out' };

/** c1 is alone in its zone, c2 and c3 are in another one: nothing can leave c1. */
function alone(servers: readonly Server[], rest: Partial<SessionView> = {}, policy: SessionPolicy = STOP, up = true) {
  const services = [aService('c1', { up }), ...['c2', 'c3'].map((host) => aService(host, { zone: 'west' }))];
  return aView({ services, servers, session: { policy }, settings: { defaultMaxImpacted: 2 }, rest });
}

const one = aServer('i1', 'c1');

test('a way off: alone in its zone it is stuck; by policy it is stopped, unless its project acts by itself', (t) => {
  t.deepEqual(wayOff(alone([one], {}, {}), one, 'MIGRATE'), { stuck: 'its zone nova has no other compute host' });
  for (const chosen of ['MIGRATE', 'LIVE_MIGRATE'] as const)
    t.deepEqual(wayOff(alone([one]), one, chosen), { action: 'STOP_START' });
  t.deepEqual(wayOff(alone([one]), one, 'OWN_ACTION'), { action: 'OWN_ACTION' });
  t.false(needsTarget(alone([one]), one));
  t.deepEqual(wayOff(aView({ servers: [one], session: { policy: STOP } }), one, 'MIGRATE'), { action: 'MIGRATE' });
});

test('a way off: the policy of its project counts', (t) => {
  const policy: SessionPolicy = { immovable: 'skip_host', per_project: { tenant: STOP } };
  t.deepEqual(wayOff(alone([one], {}, policy), one, 'MIGRATE'), { action: 'STOP_START' });
});

const stuck: Readonly<Record<string, [Partial<Server>, RegExp]>> = {
  'in a state that Nova does not stop': [{ status: 'PAUSED' }, /cannot be stopped, since Nova stops nothing .* PAUSED/],
  'refused by every other host': [{}, /every other host of its zone refused it/],
};
for (const [title, [overrides, why]] of Object.entries(stuck))
  test(`a way off: ${title}`, (t) => {
    const server = aServer('i1', 'c1', overrides);
    const facts = ['c2', 'c3'].map((host) => {
      return { sessionId: 'session', instanceId: 'i1', host, code: 'no-valid-host', message: '', at: at(0) };
    });
    // Asked for again when Nova's scheduler could no longer lag behind.
    const effects = facts.map(({ code, host: target }) =>
      anEffect({ state: 'refused', intent: { from: 'c1', target }, outcome: { code }, endedAt: at(-121) }),
    );
    const policy = server.status === 'PAUSED' ? STOP : {};
    const way = wayOff(aView({ servers: [server], session: { policy }, rest: { facts, effects } }), server, 'MIGRATE');
    t.regex('stuck' in way ? way.stuck : '', why);
  });

test('a way off: more of a group than may be impacted cannot be stopped at once, nor anybody on a dead host', (t) => {
  const three = ['i1', 'i2', 'i3'].map((id) => aServer(id, 'c1'));
  const way = wayOff(alone(three), one, 'MIGRATE');
  t.regex('stuck' in way ? way.stuck : '', /of its group 3 would be stopped at once, and 2 may be impacted/);
  const off = three.map((server, i) => (i === 0 ? server : { ...server, status: 'SHUTOFF' }));
  t.deepEqual(wayOff(alone(off), one, 'MIGRATE'), { action: 'STOP_START' }, 'what is off already needs no place');
  const dead = wayOff(alone([one], {}, STOP, false), one, 'MIGRATE');
  t.regex('stuck' in dead ? dead.stuck : '', /since its host is down/);
});

const acked = (ids: string[]) =>
  aView({ notices: [{ state: 'PLANNED_MAINTENANCE', host: 'c1', instanceIds: ids, outcome: 'ack' }] }).notices;

test('stops: all together, after a look whether anything else is left, and only when everybody else has gone', (t) => {
  const two = ['i1', 'i2'].map((id) => aServer(id, 'c1'));
  const stop = (instanceId: string) => ({
    kind: 'move-instance' as const,
    instanceId,
    action: 'STOP_START' as const,
    target: null,
  });
  const look = { kind: 'verify-empty' as const, host: 'c1', staying: ['i1', 'i2'] };
  t.deepEqual(nextMoves(alone(two), 'c1', acked(['i1', 'i2'])).decisions, [look, stop('i1'), stop('i2')]);
  t.deepEqual(nextMoves(alone(two), 'c1', acked(['i1'])).decisions, [], 'one did not answer yet');
  const impacts = [anImpact({ instanceId: 'i9', groupId: 'tenant:m1.small', sourceHost: 'c2' })];
  const held = nextMoves(alone(two, { impacts }), 'c1', acked(['i1', 'i2']));
  t.deepEqual([held.decisions.length, held.held.length], [0, 1], 'none is stopped while one has to wait');
  const off = two.map((server) => ({ ...server, status: 'SHUTOFF' }));
  t.deepEqual(nextMoves(alone(off), 'c1', acked(['i1', 'i2'])).decisions, [stop('i1')], 'one after the other');
});

const shut = aServer('i1', 'c1', { status: 'SHUTOFF' });
const owed = anImpact({ action: 'STOP_START', targetHost: null });
const stopped = anEffect({ state: 'done', intent: { from: 'c1' }, outcome: { result: 'stopped' } });
const started = (state: JournalEntry['state'], stopAttempt = 1) =>
  anEffect({
    kind: 'start',
    action: 'start',
    state,
    intent: { stoppedBy: 'session', stopAttempt },
    outcome: { message: 'It is ERROR.' },
  });

test('stopped is what we stopped and is off, whoever of our sessions did it; what its owner started is not', (t) => {
  t.true(isStopped(alone([shut], { effects: [stopped] }), shut));
  t.true(isStopped(alone([shut], { impacts: [{ ...owed, sessionId: 'earlier' }] }), shut));
  t.false(isStopped(alone([one], { effects: [stopped], impacts: [owed] }), one));
  t.false(isStopped(alone([shut]), shut), 'off by its owner');
  t.false(isStopped(alone([shut], { impacts: [owed], effects: [{ ...stopped, state: 'begun' }] }), shut), 'not yet');
});

test('starts: begun once for each that is owed one, waited for, and done when nothing is owed', (t) => {
  const step = (effects: JournalEntry[], up = true) =>
    startStopped(alone([shut], { impacts: [owed], effects }, STOP, up), 'c1');
  t.deepEqual(step([]), { do: [{ kind: 'start-instance', impact: owed }] });
  t.like(step([started('begun')]), { wait: { for: 'starts' } });
  t.deepEqual(step([started('failed', 7)]), { do: [{ kind: 'start-instance', impact: owed }] }, 'of an earlier stop');
  t.like(step([], false), { wait: { for: 'host-down', until: at(600) } });
  t.is(startStopped(alone([shut]), 'c1'), undefined);
});

test('starts: a failed one is trouble where the host is maintained, and left to the end where it is through', (t) => {
  const view = alone([shut], { impacts: [owed], effects: [started('failed')] });
  t.like(startStopped(view, 'c1'), { to: 'MAINTENANCE_FAILED', reason: { code: 'instance-failed', instanceId: 'i1' } });
  t.is(startLeft(view, 'c1'), undefined);
  const other = { ...owed, instanceId: 'i2' };
  const both = { ...view, impacts: [owed, other] };
  t.deepEqual(startLeft(both, 'c1'), { do: [{ kind: 'start-instance', impact: other }] });
});

test('what stays on a host for too long is up to the policy for immovable instances', (t) => {
  const waiting = { for: 'not-empty', message: 'Host c1 is not empty yet.', since: at(0), until: at(60) };
  const step = (now: Date, policy: SessionPolicy) =>
    neverEmpty(aView({ now, hosts: [{ hostname: 'c1' }], session: { policy, waiting } }), 'c1');
  t.is(step(at(59), STOP), undefined);
  t.like(step(at(60), {}), { to: 'MAINTENANCE_FAILED', reason: { code: 'blocked' } });
  t.like(step(at(60), STOP), { do: [{ kind: 'lose-host', host: 'c1', state: 'skipped', counts: false }] });
});
