import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Processes } from '../openstack/cloud/processes.js';
import { folders } from '../openstack/cloud/settings.js';
import { eventually } from '../support/eventually.js';
import { isRunning } from '../support/processes.js';
import { aDirectory } from '../support/program.js';

const PATIENCE_MS = 60_000;
/** A shell that waits for a child of its own, as one does that runs npm; its first line is the child's pid. */
const PARENT = ['bash', '-c', 'sleep 600 & echo $!; wait'] as const;

function theFolder(t: ExecutionContext): string {
  const home = aDirectory(t);
  for (const folder of Object.values(folders(home))) mkdirSync(folder, { recursive: true });
  return home;
}

test('what a command has written and how it ended is told, and nothing stays in the folder', async (t) => {
  const processes = new Processes(theFolder(t), { PATH: process.env.PATH ?? '' });
  for (const word of ['one', 'two']) {
    const argv = ['bash', '-c', `echo ${word}; exit 3`] as const;
    t.deepEqual(await processes.toEnd('phase', { argv }, PATIENCE_MS), { code: 3, said: `${word}\n` });
  }
  t.deepEqual(processes.names(), []);
});

test('who takes the folder down ends a command with all that it has started, whoever began it', async (t) => {
  const home = theFolder(t);
  const env = { PATH: process.env.PATH ?? '' };
  const running = new Processes(home, env).toEnd('phase', { argv: PARENT }, PATIENCE_MS);
  const other = new Processes(home, env);
  t.deepEqual(other.names(), ['phase']);
  const log = join(folders(home).log, 'phase.log');
  await eventually(() => readFileSync(log, 'utf8').includes('\n'), 'the child');
  await other.stop(other.names());
  const { code, said } = await running;
  t.is(code, null);
  const child = Number(said.split('\n')[0]);
  t.true(child > 0);
  await eventually(() => !isRunning(child), 'the end of the child');
});

test('a command that takes too long is ended in the same way', async (t) => {
  const processes = new Processes(theFolder(t), { PATH: process.env.PATH ?? '' });
  const { code, said } = await processes.toEnd('phase', { argv: PARENT }, 300);
  t.is(code, null);
  const child = Number(said.split('\n')[0]);
  if (child > 0) await eventually(() => !isRunning(child), 'the end of the child');
});
