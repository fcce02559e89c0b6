import test from 'ava';
import { faultsOf } from '../support/random-cloud/judge.js';
import { type Run, withRandomRun } from '../support/random-cloud/run.js';

/** `FENIX_SEEDS=7` replays one cloud, `FENIX_SEEDS=1-500` is the long run. */
const [first = 1, last = first] = (process.env.FENIX_SEEDS ?? '1-40').split('-').map(Number);

test.serial(`random clouds ${first} to ${last} are maintained, or the session fails for a true reason`, async (t) => {
  t.timeout(60 * 60_000);
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  for (let seed = first; seed <= last; seed += 1) {
    const { end, faults } = await withRandomRun(t, seed, (run) => {
      const { state, reason } = run.detail;
      return { end: `${state} ${reason?.code ?? ''}`.trim(), faults: faultsOf(run) };
    }).catch((error: unknown) => ({ end: 'no end', faults: [String(error)] }));
    ends.set(end, (ends.get(end) ?? 0) + 1);
    if (faults.length > 0) wrong.push(`seed ${seed} (${end}): ${faults.join(' ')}`);
  }
  t.log(`seeds ${first} to ${last}: ${[...ends].map(([end, times]) => `${times} × ${end}`).join(', ')}`);
  t.deepEqual(wrong, [], 'replay one with: FENIX_SEEDS=<seed> npm test -- test/scenario/random-clouds.test.ts');
});

/** What happened, without what is drawn anew each time: ids, ports, names of engines. */
function tale({ simulator, history }: Run): string[] {
  const names = new Map<string, string>();
  const named = (text: string): string => {
    if (!names.has(text)) names.set(text, `#${names.size}`);
    return names.get(text) ?? '';
  };
  const drawn = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|127\.0\.0\.1:\d+/g;
  const told = history.map(({ at, who, what, details }) => ({ at, who, what, details }));
  return [...simulator.log.entries(), ...told].map((line) => JSON.stringify(line).replaceAll(drawn, named));
}

for (const seed of [4, 10])
  test.serial(`random cloud ${seed} has the same history each time`, async (t) => {
    const first = await withRandomRun(t, seed, tale);
    const second = await withRandomRun(t, seed, tale);
    t.deepEqual(second, first);
  });
