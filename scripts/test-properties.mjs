// npm run test:properties -- --cases N --seed N: the planner on N random clouds, the first one of that seed; prints
// "N passed, N failed, N skipped". Other arguments go to AVA.
import { parseArgs } from 'node:util';
import { TestRun } from './lib/test-run.mjs';

const tests = new TestRun();
await main();
await tests.close();

async function main() {
  const { values, positionals } = parseArgs({
    options: { cases: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
    allowPositionals: true,
  });
  for (const [name, value] of Object.entries(values)) {
    if (!/^[1-9]\d*$/.test(value)) return tests.fail(`--${name} wants a whole number from 1 on, not ${value}`);
  }
  if (!tests.prepare()) return;
  const env = { ...process.env, FENIX_PROPERTY_CASES: values.cases, FENIX_PROPERTY_SEED: values.seed };
  await tests.ava(
    ['--timeout=60m', ...(positionals.length > 0 ? positionals : ['test/properties/fleet.test.ts'])],
    env,
  );
}
