// npm run demo: the simulated cloud and all of Fenix, in one process or, with --distributed, in several on a private
// MariaDB and RabbitMQ. Standard output is the demo's alone.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, install, root } from './lib/prepare.mjs';
import { startMissing } from './lib/services.mjs';
import * as mariadb from './services/mariadb.mjs';
import * as rabbitmq from './services/rabbitmq.mjs';

// A small young generation: the demo makes much short-lived data, and should not look like a large service.
const NODE_OPTIONS = ['--enable-source-maps', '--max-semi-space-size=4'];
/** Options that mean processes apart. */
const DISTRIBUTED = /^--(distributed|engines|apis)(=|$)/;

if (!install() || !buildIfStale()) process.exit(1);
const args = process.argv.slice(2);
const servers = args.some((arg) => DISTRIBUTED.test(arg)) ? await started() : { env: process.env, stop: () => {} };

const demo = spawn(process.execPath, [...NODE_OPTIONS, join(root, 'dist/src/cmd/demo.js'), ...args], {
  // npm changes to the project's folder; paths of options are meant from where the caller stands.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
  env: servers.env,
});
// A terminal sends Ctrl-C to both; the demo decides when it ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => demo.kill('SIGTERM'));
demo.on('exit', async (code, signal) => {
  await servers.stop();
  process.exit(code ?? (signal === 'SIGINT' ? 130 : 143));
});

async function started() {
  try {
    return await startMissing([mariadb, rabbitmq]);
  } catch (error) {
    console.error(`The processes apart need servers: ${error.message}`);
    process.exit(1);
  }
}
