import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import { FenixError, Stopped } from '../../src/common/errors.js';
import { LocalPrograms } from '../../src/remote/local.js';
import { eventually } from '../support/eventually.js';
import { isRunning } from '../support/processes.js';

/* Programs on the engine's machine. */

function programs(plugin = 'allowed', { signal = new AbortController().signal, heard = [] as string[] } = {}) {
  const local = new LocalPrograms(['allowed', 'too'], new SystemMachineClock());
  return local.for(plugin, signal, (text) => void heard.push(text));
}

function aFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'fenix-local-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('only plug-ins that the configuration names may run programs on the engine’s machine', async (t) => {
  const error = await t.throwsAsync(programs('other').run(['true']), { instanceOf: FenixError });
  t.like(error, { code: 'local-not-allowed', kind: 'terminal' });
  t.regex(error?.message ?? '', /Plug-in other may not .* run_locally in section \[plugins\] does not name it/);
  t.is((await programs('too').run(['true'])).code, 0);
});

test('no shell has a part in it, and nothing of the engine’s environment but PATH, HOME and LANG', async (t) => {
  process.env.OS_SERVICE_USER__OS_PASSWORD = 'engine-secret';
  t.teardown(() => delete process.env.OS_SERVICE_USER__OS_PASSWORD);
  const odd = ['$HOME; $(id) `id` | & "quotes" \' \n', '', '-n'];
  t.is((await programs().run(['printf', '[%s]', ...odd])).stdout, odd.map((text) => `[${text}]`).join(''));
  const { stdout } = await programs().run(['env'], { env: { WORD: 'a b' } });
  const names = stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/=.*/, ''));
  t.deepEqual(names.sort(), ['HOME', 'LANG', 'PATH', 'WORD']);
  t.is((await programs().run(['pwd'])).stdout, '/\n');
});

test('exit codes, signals, input and output are the program’s', async (t) => {
  const heard: string[] = [];
  const result = await programs('allowed', { heard }).run(['sh', '-c', 'cat; echo err >&2; exit 3'], { input: 'in' });
  t.deepEqual(result, { code: 3, signal: null, stdout: 'in', stderr: 'err\n' });
  t.is(heard.sort().join(''), 'err\nin');
  t.like(await programs().run(['sh', '-c', 'kill -KILL $$']), { code: null, signal: 'SIGKILL' });
  t.is((await programs().run(['true'], { input: 'x'.repeat(1_000_000) })).code, 0);
});

test('a program that is not there is named', async (t) => {
  const error = await t.throwsAsync(programs().run(['no-such-program-here']), { instanceOf: FenixError });
  t.like(error, { code: 'program-missing', kind: 'terminal' });
  t.true(error?.message.startsWith('no-such-program-here cannot be run on the engine’s machine in /: '));
});

test('a program is ended in its time with all that it started, and its end does not wait for a daemon of it', async (t) => {
  const folder = aFolder(t);
  const script = `sleep 300 & echo $! > ${folder}/pid; wait`;
  const error = await t.throwsAsync(programs().run(['sh', '-c', script], { timeoutS: 1 }), { instanceOf: FenixError });
  t.like(error, { code: 'time-out', kind: 'transient', inDoubt: true });
  await eventually(() => !isRunning(Number(readFileSync(join(folder, 'pid'), 'utf8'))));

  const left = await programs().run(['sh', '-c', `sleep 300 & echo $!`]);
  t.is(left.code, 0);
  process.kill(Number(left.stdout), 'SIGKILL');
});

test('what the engine has to let go of is ended, also when it does not want to', async (t) => {
  const folder = aFolder(t);
  const stopping = new AbortController();
  const script = `trap '' TERM; echo $$ > ${folder}/pid; while :; do sleep 0.1; done`;
  const running = programs('allowed', { signal: stopping.signal }).run(['sh', '-c', script]);
  await eventually(() => existsSync(join(folder, 'pid')));
  stopping.abort();
  await t.throwsAsync(running, { instanceOf: Stopped });
  t.false(isRunning(Number(readFileSync(join(folder, 'pid'), 'utf8'))));
});
