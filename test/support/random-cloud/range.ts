import type { ExecutionContext } from 'ava';
import type { ShippedWorkflow } from './index.js';
import { faultsOf } from './judge.js';
import { type Run, withRandomRun } from './run.js';

/** `FENIX_SEEDS=7` replays one cloud, `FENIX_SEEDS=1-500` is the long run. */
export const [firstSeed = 1, lastSeed = firstSeed] = (process.env.FENIX_SEEDS ?? '1-40').split('-').map(Number);

/** How long a half of the seeds may take, milliseconds. */
export const LONG_MS = 60 * 60_000;

/**
 * Runs the clouds of a half of all seeds: a file has a process of its own, so that two of them have two cores.
 * @param remainder of the seed by 2
 */
export async function runClouds(t: ExecutionContext, remainder: 0 | 1, workflow?: ShippedWorkflow): Promise<void> {
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  for (let seed = firstSeed; seed <= lastSeed; seed += 1) {
    if (seed % 2 !== remainder) continue;
    const judge = (run: Run) => {
      const { state, reason } = run.detail;
      return { end: `${state} ${reason?.code ?? ''}`.trim(), faults: faultsOf(run) };
    };
    const { end, faults } = await withRandomRun(t, seed, judge, workflow).catch((error: unknown) => ({
      end: 'no end',
      faults: [String(error)],
    }));
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (faults.length > 0) wrong.push(`seed ${seed} (${end}): ${faults.join(' ')}`);
  }
  t.log(`seeds ${firstSeed} to ${lastSeed}: ${[...ends].map(([end, times]) => `${times} × ${end}`).join(', ')}`);
  t.deepEqual(wrong, [], "replay one with: FENIX_SEEDS=<seed> npm test -- 'test/scenario/random-clouds*.test.ts'");
}
