// npm run test:openstack: brings a small OpenStack up, runs the tests against it, takes it down, and prints
// "N passed, N failed, N skipped". Arguments go to AVA. --keep leaves everything running until Ctrl-C, and says what to set
// so that another run, or "npx ava --config openstack.ava.config.mjs", uses it.
import { startMissing } from './lib/services.mjs';
import { TestRun } from './lib/test-run.mjs';
import * as mariadb from './services/mariadb.mjs';
import * as openstack from './services/openstack.mjs';
import * as rabbitmq from './services/rabbitmq.mjs';

const args = process.argv.slice(2);
const keep = args.includes('--keep');
const began = performance.now();

const tests = new TestRun();
await main();
await tests.close();

async function main() {
  if (!tests.prepare()) return;
  const env = { ...process.env };
  try {
    env[openstack.variable] ||= await startedCloud();
  } catch (error) {
    return tests.fail(`no OpenStack: ${error.message}`);
  }
  await tests.ava(['--config', 'openstack.ava.config.mjs', ...args.filter((arg) => arg !== '--keep')], env);
  if (!keep || tests.isStopped) return;
  say(`everything stays until Ctrl-C; ${openstack.variable}=${env[openstack.variable]} makes other runs use it`);
  await tests.stopped.catch(() => undefined);
}

/** The folder of a cloud on a MariaDB and a RabbitMQ of its own. */
async function startedCloud() {
  // Not those that tests may share: the cloud's databases and queues would stay there.
  const servers = await startMissing([mariadb, rabbitmq], {});
  tests.onEnd(() => servers.stop());
  const { [mariadb.variable]: mysqlUrl, [rabbitmq.variable]: transportUrl } = servers.env;
  const brought = openstack.start({ mysqlUrl, transportUrl, say, onEnd: (stop) => tests.onEnd(stop) });
  return Promise.race([brought, tests.stopped]);
}

function say(what) {
  console.log(`[${Math.round((performance.now() - began) / 1000)} s] ${what}`);
}
