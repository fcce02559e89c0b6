import test from 'ava';
import noop from '../../plugins/actions/noop.js';
import { ManualClock } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';
import { schemaProblem } from '../../src/common/schema-problem.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { actionContext } from '../../src/workflow/testing/action-context.js';

const STEPS = ['check', 'run', 'probe', 'verify', 'undo'] as const;
type Step = (typeof STEPS)[number];

/** Its answer as a yes or no. */
async function answer(step: Step, context: ActionContext): Promise<boolean> {
  const said = await noop[step](context);
  return typeof said === 'boolean' ? said : said === 'DONE';
}

for (const step of STEPS) {
  test(`noop: ${step} ends as it is told, on the hosts that are meant`, async (t) => {
    const told = (end: string, host = 'compute-1', signal = new AbortController().signal): ActionContext =>
      actionContext({ host, signal, metadata: { [step]: end, on: ['compute-1'] } });
    const byDefault = step !== 'probe';
    t.is(await answer(step, actionContext()), byDefault);
    t.true(await answer(step, told('succeed')));
    t.false(await answer(step, told('fail')));
    t.is(await answer(step, told('fail', 'compute-2')), byDefault);
    t.is(await answer(step, told('crash', 'compute-2')), byDefault);
    t.false(await answer(step, actionContext({ host: 'any', metadata: { [step]: 'fail' } })));
    await t.throwsAsync(answer(step, told('crash')), { message: `noop breaks off in ${step}, as asked.` });
    const timeUp = new AbortController();
    const hanging = answer(step, told('hang', 'compute-1', timeUp.signal));
    timeUp.abort();
    await t.throwsAsync(hanging, { instanceOf: Stopped });
    await t.throwsAsync(answer(step, told('hang', 'compute-1', timeUp.signal)), { instanceOf: Stopped });
    t.is(schemaProblem(noop.metadataSchema, { [step]: 'perhaps' })?.field, step);
  });
}

test('noop: attempts beyond fail_times succeed, whichever way the others were to fail', async (t) => {
  for (const metadata of [{ fail_on: ['compute-1'] }, { run: 'fail' }, { run: 'fail', on: ['compute-1'] }]) {
    const ends = [1, 2, 3].map((attempt) =>
      noop.run(actionContext({ attempt, metadata: { ...metadata, fail_times: 2 } })),
    );
    t.deepEqual(await Promise.all(ends), ['FAILED', 'FAILED', 'DONE']);
    t.is(await noop.run(actionContext({ attempt: 9, metadata })), 'FAILED');
  }
});

test('noop: work takes as long as it is told, and so does taking it back', async (t) => {
  for (const step of ['run', 'undo'] as const) {
    const clock = new ManualClock();
    const working = noop[step](actionContext({ clock, metadata: { duration: 90 } }));
    t.is(clock.nextDue()?.toISOString(), '2026-01-01T00:01:30.000Z');
    clock.advanceTo(new Date('2026-01-01T00:01:30Z'));
    t.is(await working, 'DONE');
  }
});
