// npm run test:crash: kills an engine at each point of a session's way, on a MariaDB and a RabbitMQ, and prints
// "N passed, N failed, N skipped". --whole: also at points that several scenarios have in common, for each of them;
// --every N --seed N: only at every Nth point, beginning with the one that the seed says. Other arguments go to AVA.
import { parseArgs } from 'node:util';
import { startMissing } from './lib/services.mjs';
import { TestRun } from './lib/test-run.mjs';
import * as mariadb from './services/mariadb.mjs';
import * as rabbitmq from './services/rabbitmq.mjs';

const OPTIONS = { whole: { type: 'boolean' }, every: { type: 'string' }, seed: { type: 'string' } };

const tests = new TestRun();
await main();
await tests.close();

async function main() {
  let sample;
  try {
    sample = sampleOf(process.argv.slice(2));
  } catch (error) {
    return tests.fail(error.message);
  }
  if (!tests.prepare()) return;
  try {
    const servers = await startMissing([mariadb, rabbitmq], { ...process.env, ...sample.env });
    tests.onEnd(() => servers.stop());
    await tests.ava(['--config', 'crash.ava.config.mjs', ...sample.args], servers.env);
  } catch (error) {
    tests.fail(`no servers: ${error.message}`);
  }
}

/** What test/support/crash takes from the environment, and what is AVA's. */
function sampleOf(argv) {
  const { tokens } = parseArgs({ args: argv, options: OPTIONS, tokens: true, strict: false, allowPositionals: true });
  const env = {};
  const args = [];
  for (const token of tokens) {
    if (token.kind === 'positional') args.push(token.value);
    else if (token.kind !== 'option') continue;
    else if (token.name === 'whole') env.FENIX_CRASH_WHOLE = '1';
    else if (token.name === 'every') env.FENIX_CRASH_EVERY = numberOf(token, 1);
    else if (token.name === 'seed') env.FENIX_CRASH_SEED = numberOf(token, 0);
    else args.push(token.value === undefined ? token.rawName : `${token.rawName}=${token.value}`);
  }
  return { env, args };
}

function numberOf({ rawName, value = '' }, least) {
  if (/^\d+$/.test(value) && Number(value) >= least) return value;
  throw new Error(`${rawName} must be a whole number from ${least} on`);
}
