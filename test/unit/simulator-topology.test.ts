import test from 'ava';
import { FenixError } from '../../src/common/errors.js';
import { parseTopology, type Topology } from '../../src/simulator/index.js';
import { aSmallTopology } from '../support/simulator.js';

const [host] = aSmallTopology().hosts;
const demo = (instance: object): Partial<Topology> => ({
  projects: [{ name: 'demo', instances: [{ name: 'one', flavor: 'm1.small', host: 'alpha', ...instance }] }],
});

/** What is wrong with a topology, and the field that the error must name. */
const WRONG: Readonly<Record<string, readonly [object, string]>> = {
  'a missing list': [{ hosts: undefined }, 'hosts'],
  'an unknown key': [{ racks: 3 }, 'racks'],
  'a number that is text': [{ hosts: [{ ...host, vcpus: '4' }] }, 'hosts[0].vcpus'],
  'a host that is there twice': [{ hosts: [host, host], projects: [] }, 'hosts[1].name'],
  'an unknown flavor': [demo({ flavor: 'huge' }), 'projects[0].instances[0].flavor'],
  'an unknown host': [demo({ host: 'omega' }), 'projects[0].instances[0].host'],
  'an unknown group': [demo({ group: 'web' }), 'projects[0].instances[0].group'],
  'a resize from nowhere': [demo({ resizedFrom: 'omega' }), 'projects[0].instances[0].resizedFrom'],
  'a host without room': [{ ...demo({}), hosts: [{ ...host, vcpus: 1 }] }, 'hosts[0]'],
  'an unknown dialect': [{ projects: [{ name: 'demo', manager: 'rude' }] }, 'projects[0].manager'],
  'an aggregate of an unknown host': [{ aggregates: [{ name: 'fast', hosts: ['omega'] }] }, 'aggregates[0].hosts'],
  'an alarm of an unknown project': [
    { alarms: [{ name: 'a', project: 'nobody', type: 'threshold' }] },
    'alarms[0].project',
  ],
  'churn of an unknown flavor': [{ churn: { perHour: 1, flavor: 'huge' } }, 'churn.flavor'],
  'a rate above 1': [{ faults: { lostAlarms: 2 } }, 'faults.lostAlarms'],
  'a fault whose path is no pattern': [
    { faults: { http: [{ rate: 1, kind: 'slow', path: '(' }] } },
    'faults.http[0].path',
  ],
  'more broken moves than moves': [{ faults: { moves: { fail: 0.6, stuck: 0.6 } } }, 'faults.moves'],
  'the name of a project of the cloud itself': [{ projects: [{ name: 'service' }] }, 'projects[0].name'],
};

for (const [what, [changes, field]] of Object.entries(WRONG))
  test(`a topology with ${what} is refused, naming the field`, (t) => {
    const value: unknown = JSON.parse(JSON.stringify({ ...aSmallTopology(), ...changes }));
    const error = t.throws(() => parseTopology(value), { instanceOf: FenixError, code: 'bad-topology' });
    t.is(error?.field, field);
  });

test('a good topology is taken as it is', (t) => {
  t.deepEqual(parseTopology(aSmallTopology()), aSmallTopology());
});
