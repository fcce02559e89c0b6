import test from 'ava';
import plugin from '../../plugins/actions/command.js';
import { FenixError } from '../../src/common/errors.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';
import { AnsweredPrograms } from '../support/answered-programs.js';
import { SteppingClock } from '../support/stepping-clock.js';

function aRun(metadata: object, given: Partial<ActionContext> = {}) {
  const remote = new AnsweredPrograms();
  const local = new AnsweredPrograms();
  const facts = {};
  const clock = new SteppingClock();
  const record = (more: object) => void Object.assign(facts, more);
  const context = actionContext({ metadata: { ...metadata }, remote, local, clock, record, ...given });
  return { remote, local, facts, clock, context };
}

test('the program runs on the host with what the metadata gives it', async (t) => {
  const { remote, local, context, facts } = aRun({ argv: ['touch', '$a;b'], env: { A: 'b' }, input: 'in', timeout: 7 });
  t.is(await plugin.run(context), 'DONE');
  t.deepEqual(remote.asked, [
    { argv: ['touch', '$a;b'], options: { quiet: false, env: { A: 'b' }, input: 'in', timeoutS: 7 } },
  ]);
  t.deepEqual(local.asked, []);
  t.deepEqual(facts, { exit_code: 0 });
});

test('with where = engine it runs on the engine’s machine', async (t) => {
  const { remote, local, context } = aRun({ argv: ['true'], where: 'engine' });
  t.is(await plugin.run(context), 'DONE');
  t.is(local.asked.length, 1);
  t.deepEqual(remote.asked, []);
});

test('a shell reads the first element only where that is asked for, and takes the others as $1 …', async (t) => {
  const { remote, context } = aRun({ argv: ['echo "$1" | wc', '; id'], shell: true });
  await plugin.run(context);
  t.deepEqual(remote.asked[0]?.argv, ['/bin/sh', '-c', 'echo "$1" | wc', 'sh', '; id']);
});

test('an exit code that is not expected is a failure with the program’s last words', async (t) => {
  const { remote, context, facts } = aRun({ argv: ['flash', '--all'], expect: [0, 3] });
  remote.on('flash', { code: 3 }, { code: 1, stderr: 'one\nno such slot\n' }, { code: null, signal: 'SIGKILL' });
  t.is(await plugin.run(context), 'DONE');
  const error = await t.throwsAsync(plugin.run(context), { instanceOf: FenixError, code: 'command-failed' });
  t.is(error?.message, 'flash --all ended with exit code 1 on compute-1: one no such slot');
  t.deepEqual(facts, { exit_code: 1 });
  t.regex((await t.throwsAsync(plugin.run(context)))?.message ?? '', /was ended by SIGKILL on compute-1\.$/);
});

test('what never came to run is tried three times; what may have run is not run again', async (t) => {
  const unreachable = new FenixError('transient', 'unreachable', 'compute-1 cannot be reached: refused');
  const first = aRun({ argv: ['flash'] });
  first.remote.on('flash', unreachable, unreachable, {});
  t.is(await plugin.run(first.context), 'DONE');
  t.deepEqual(first.clock.waits, [5, 20]);
  const second = aRun({ argv: ['flash'] });
  second.remote.on('flash', unreachable);
  t.is(await t.throwsAsync(plugin.run(second.context)), unreachable);
  t.is(second.remote.asked.length, 3);
  const third = aRun({ argv: ['flash'] });
  third.remote.on('flash', new FenixError('transient', 'unreachable', 'lost', { inDoubt: true }));
  await t.throwsAsync(plugin.run(third.context), { message: 'lost' });
  t.is(third.remote.asked.length, 1);
});

test('the check asks check_argv, or only whether programs can be run there', async (t) => {
  const plain = aRun({ argv: ['flash'] });
  t.true(await plugin.check(plain.context));
  t.deepEqual(plain.remote.lines(), ['true']);
  const asking = aRun({ argv: ['flash'], check_argv: ['slot', 'free'] });
  asking.remote.on('slot', {}, { code: 1 });
  t.true(await plugin.check(asking.context));
  await t.throwsAsync(plugin.check(asking.context), {
    code: 'command-check',
    message: 'The check slot says no on compute-1.',
  });
  t.deepEqual(asking.remote.lines(), ['slot free', 'slot free']);
});

test('verify says yes after a run that is there, and after an undo that left nothing', async (t) => {
  const { remote, context } = aRun({ argv: ['flash'], verify_argv: ['version'], undo_argv: ['unflash'] });
  t.true(await plugin.verify(context));
  t.false(await plugin.verify({ ...context, phase: 'undo' }));
  remote.on('version', { code: 1 });
  t.false(await plugin.verify(context));
  t.true(await plugin.verify({ ...context, phase: 'undo' }));
  t.true(await plugin.verify(aRun({ argv: ['flash'] }).context));
});

test('a question whose program is not there is a failure, not a no', async (t) => {
  const { remote, context } = aRun({ argv: ['flash'], probe_argv: ['version'] });
  remote.on('version', { code: 127, stderr: 'setsid: failed to execute version: No such file or directory' });
  await t.throwsAsync(plugin.probe(context), { code: 'command-failed', message: /failed to execute version/ });
});

test('the probe asks probe_argv; without one a run that was broken off is run again', async (t) => {
  const { remote, context } = aRun({ argv: ['flash'], probe_argv: ['version'] });
  t.true(await plugin.probe(context));
  remote.on('version', { code: 1 });
  t.false(await plugin.probe(context));
  t.false(await plugin.probe(aRun({ argv: ['flash'] }).context));
});

test('it can be undone where it has undo_argv, and nowhere else', async (t) => {
  t.deepEqual(plugin.undoIf, ['undo_argv']);
  const { remote, context } = aRun({ argv: ['flash'], undo_argv: ['unflash', '-f'] }, { phase: 'undo' });
  t.is(await plugin.undo(context), 'DONE');
  t.deepEqual(remote.lines(), ['unflash -f']);
});
