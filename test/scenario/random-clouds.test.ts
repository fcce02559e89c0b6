import test from 'ava';
import { faultsOf } from '../support/random-cloud/judge.js';
import { withRandomRun } from '../support/random-cloud/run.js';

/** `FENIX_SEEDS=7` replays one cloud, `FENIX_SEEDS=1-500` is the long run. */
const [first = 1, last = first] = (process.env.FENIX_SEEDS ?? '1-40').split('-').map(Number);

test.serial(`random clouds ${first} to ${last} are maintained, or the session fails for a true reason`, async (t) => {
  t.timeout(30 * 60_000);
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  for (let seed = first; seed <= last; seed += 1) {
    const { end, faults } = await withRandomRun(t, seed, (run) => {
      const { state, reason } = run.detail;
      return { end: `${state} ${reason?.code ?? ''}`.trim(), faults: faultsOf(run) };
    });
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (faults.length > 0) wrong.push(`seed ${seed} (${end}): ${faults.join(' ')}`);
  }
  t.log(`seeds ${first} to ${last}: ${[...ends].map(([end, times]) => `${times} × ${end}`).join(', ')}`);
  t.deepEqual(wrong, [], 'replay one with: FENIX_SEEDS=<seed> npm test -- test/scenario/random-clouds.test.ts');
});
