import { cpSync, rmSync } from 'node:fs';
import { environment } from './environment.js';
import { Processes } from './processes.js';
import { folders } from './settings.js';

/*
 * take-down.js FOLDER: waits for the end of its standard input, which comes at the latest when whoever holds the other end
 * dies; then ends the cloud of that folder and removes it. FENIX_TEST_OPENSTACK_LOGS names a folder to which the logs go.
 */
const [home] = process.argv.slice(2);
if (home === undefined) throw new Error('Usage: take-down.js FOLDER');
// Ctrl-C is for those who started it.
process.on('SIGINT', () => undefined);
process.stdin.resume().on('end', () => void takeDown(home));

async function takeDown(folder: string): Promise<void> {
  const processes = new Processes(folder, environment(folder));
  processes.close();
  await processes.stop(processes.names());
  const logs = process.env.FENIX_TEST_OPENSTACK_LOGS;
  try {
    if (logs !== undefined) cpSync(folders(folder).log, logs, { recursive: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
