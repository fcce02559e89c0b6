import test from 'ava';
import type { SessionHost } from '../../src/model/index.js';
import { steer, steeringUnderWay } from '../../src/workflow/steering.js';
import { anEffect, aServer, aService, aView, HOST_SIZE, SMALL } from '../support/engine-views.js';

const host = (hostname: string, overrides: Partial<SessionHost> = {}): Partial<SessionHost> => ({
  hostname,
  ...overrides,
});
const done = host('c1', { state: 'done', maintained: true });
const steered = (subject: string) =>
  anEffect({ kind: 'service', subject, host: 'localhost', action: 'disable', state: 'done' });

const asked = (view: Parameters<typeof steer>[0]): string[] => {
  const step = steer(view);
  return step !== undefined && 'do' in step
    ? step.do.map((decision) => `${decision.kind} ${'host' in decision ? decision.host : ''}`)
    : [];
};

test('before a host is maintained nobody is kept off any', (t) => {
  t.deepEqual(asked(aView({ hosts: [host('c1'), host('c2')], servers: [aServer('i', 'c2')] })), []);
});

test('once one is maintained, those that wait are disabled; others’ and taken ones are left alone', (t) => {
  const hosts = [
    done,
    host('c2'),
    host('c3', { state: 'emptying', disabled: true }),
    host('c4', { disabledBefore: true }),
  ];
  t.deepEqual(asked(aView({ hosts, servers: [aServer('i', 'c2')] })), ['steer-away c2']);
});

test('a maintained host that is not enabled receives nothing, so nobody is sent there', (t) => {
  const services = [aService('c1', { enabled: false }), aService('c2')];
  t.deepEqual(asked(aView({ hosts: [done, host('c2')], services })), []);
});

test('it begins with room for two of each size, and ends when there is not even room for one', (t) => {
  const hosts = [done, host('c2', { disabled: true }), host('c3')];
  const rest = { effects: [steered('c2')] };
  const servers = (count: number) => [
    ...Array.from({ length: count }, (_, i) => aServer(`there-${i}`, 'c1')),
    aServer('i', 'c2'),
  ];
  t.deepEqual(asked(aView({ hosts, servers: servers(0), rest })), ['steer-away c3']);
  t.deepEqual(asked(aView({ hosts, servers: servers(1), rest })), [], 'room for one: as it is');
  t.deepEqual(asked(aView({ hosts, servers: servers(2), rest })), ['stop-steering c2']);
});

test('each zone for itself, by the sizes in it', (t) => {
  const services = [aService('c1'), aService('c2'), aService('c3', { zone: 'b' })];
  const hosts = [done, host('c2'), host('c3')];
  const big = { ...SMALL, vcpus: 3 };
  t.deepEqual(asked(aView({ hosts, services, servers: [aServer('i', 'c3', { zone: 'b' })] })), ['steer-away c2']);
  t.deepEqual(asked(aView({ hosts, services, servers: [aServer('i', 'c2', { resources: big })] })), []);
});

test('hosts outside the session give room as well', (t) => {
  const services = ['c1', 'c2', 'c9'].map((name) => aService(name));
  const servers = [aServer('a', 'c1'), aServer('b', 'c1'), aServer('i', 'c2')];
  const capacities = { c1: HOST_SIZE, c2: HOST_SIZE, c9: HOST_SIZE };
  t.deepEqual(asked(aView({ hosts: [done, host('c2')], services, servers, capacities })), ['steer-away c2']);
});

test('what an earlier session left disabled is not enabled before it is maintained', (t) => {
  const servers = [aServer('a', 'c1'), aServer('b', 'c1'), aServer('i', 'c2')];
  t.deepEqual(asked(aView({ hosts: [done, host('c2', { disabled: true })], servers })), []);
});

test('while a service is being changed its host is not taken', (t) => {
  const effects = [{ ...steered('c2'), state: 'begun' as const }];
  const step = steeringUnderWay(aView({ hosts: [done, host('c2', { disabled: true })], rest: { effects } }));
  t.like(step, { wait: { for: 'service' } });
  t.is(steeringUnderWay(aView({ hosts: [done, host('c2')] })), undefined);
});
