import test from 'ava';
import { pythonLength, pythonRepr } from '../../src/common/python-literal.js';
import { allowedImpacts, type GroupConstraints, type SizedLimit } from '../../src/model/constraints.js';

const REPRS: readonly [json: string, repr: string, length: number][] = [
  ['{}', '{}', 2],
  ['{"openstack_version":"Train"}', "{'openstack_version': 'Train'}", 30],
  ['{"a":true,"b":null,"n":3}', "{'a': True, 'b': None, 'n': 3}", 30],
  ['{"m":"it\'s","q":"say \\"x\\""}', `{'m': "it's", 'q': 'say "x"'}`, 29],
  ['{"l":["x",{"y":[]}],"f":1.5,"g":1e-7}', "{'l': ['x', {'y': []}], 'f': 1.5, 'g': 1e-07}", 45],
  ['{"c":"\\n\\u0007\\u200b\\u00e4"}', "{'c': '\\n\\x07\\u200bä'}", 22],
];

test('what a project receives is the text that Python makes of it, and as long', (t) => {
  for (const [json, repr, length] of REPRS) {
    t.is(pythonRepr(JSON.parse(json)), repr);
    t.is(pythonLength(repr), length, repr);
  }
});

/** Members that may be impacted of so many, all in service unless said otherwise. */
function allowed(most: SizedLimit[], preserved: SizedLimit[], size: number, inService = size): number {
  const group = { maxImpactedMembers: 1, maxImpactedTable: most, minPreservedTable: preserved };
  return allowedImpacts(group as unknown as GroupConstraints, size, inService);
}

test('a table of limits answers with the row of the size, else with the stricter of the next smaller and the general', (t) => {
  const table = [
    { groupSize: null, value: 3 },
    { groupSize: 4, value: 2 },
    { groupSize: 8, value: 5 },
  ];
  t.is(allowed(table, [], 4), 2);
  t.is(allowed(table, [], 6), 2);
  t.is(allowed(table, [], 9), 3);
  t.is(allowed(table, [], 3), 3);
  t.is(allowed([{ groupSize: 8, value: 5 }], [], 3), 1, 'no answer: the single number');
});

test('what has to be preserved limits what may be impacted, counted from those in service', (t) => {
  const most = [{ groupSize: null, value: 4 }];
  const preserved = [{ groupSize: null, value: 5 }];
  t.is(allowed(most, preserved, 7), 2);
  t.is(allowed(most, preserved, 7, 6), 1);
  t.is(allowed(most, preserved, 7, 4), 0);
});
