import test from 'ava';
import { parseDemoOptions } from '../../src/cmd/demo/options.js';

const sizeOf = (...argv: string[]) => {
  const { hosts, instances, empty, maxImpacted, recovery } = parseDemoOptions(argv);
  return { hosts, instances, empty, maxImpacted, recovery };
};

test('the demo’s cloud is of a size that shows what the workflow does', (t) => {
  const none = { empty: undefined, maxImpacted: undefined, recovery: undefined };
  t.deepEqual(sizeOf(), { hosts: 10, instances: 40, ...none });
  const groups = { maxImpacted: 1, recovery: 20 };
  t.deepEqual(sizeOf('--workflow', 'vnf'), { hosts: 20, instances: 68, empty: 3, ...groups });
  const full = { hosts: 10, instances: 40, empty: undefined, ...groups };
  t.deepEqual(sizeOf('--workflow', 'vnf', '--fill', 'full'), full);
});

test('what is given counts, with any workflow', (t) => {
  const given = ['--hosts', '3', '--instances', '5', '--empty', '0', '--max-impacted', '2', '--recovery', '7'];
  const wanted = { hosts: 3, instances: 5, empty: 0, maxImpacted: 2, recovery: 7 };
  for (const workflow of ['default', 'vnf']) t.deepEqual(sizeOf(...given, '--workflow', workflow), wanted);
  t.is(sizeOf('--workflow', 'vnf', '--hosts', '5').empty, undefined);
});
