// npm run bench -- api|rpc|idle|takeover|makespan|planner|session: builds, starts what the measurement needs, runs it. Its last line of output is JSON.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, install, root } from './lib/prepare.mjs';
import { startMissing } from './lib/services.mjs';
import * as flask from './services/flask.mjs';
import * as mariadb from './services/mariadb.mjs';
import * as oslo from './services/oslo-messaging.mjs';
import * as rabbitmq from './services/rabbitmq.mjs';

/** What each measurement needs; services that were named from outside are used as they are. */
const NEEDS = {
  api: [rabbitmq, mariadb, flask],
  rpc: [rabbitmq, oslo],
  idle: [rabbitmq, mariadb],
  takeover: [rabbitmq, mariadb],
  makespan: [],
  planner: [],
  session: [rabbitmq, mariadb],
};

const [name, ...args] = process.argv.slice(2);
process.exitCode = await main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  return 1;
});

async function main() {
  if (!Object.hasOwn(NEEDS, name ?? '')) throw new Error(`npm run bench -- ${Object.keys(NEEDS).join('|')}`);
  if (!install() || !buildIfStale()) throw new Error('it cannot be built');
  const { env, stop } = await startMissing(NEEDS[name]);
  // Ctrl-C reaches the child by itself; what was started here must still be stopped.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGTERM'));
  const child = spawn(process.execPath, [join(root, `dist/bench/${name}.js`), ...args], { env, stdio: 'inherit' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  await stop();
  return code ?? 1;
}
