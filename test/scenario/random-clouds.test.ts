import test from 'ava';
import { firstSeed, LONG_MS, lastSeed, runClouds } from '../support/random-cloud/range.js';
import { type Run, withRandomRun } from '../support/random-cloud/run.js';

test.serial(
  `random clouds ${firstSeed} to ${lastSeed}, the odd ones, are maintained, or fail for a true reason`,
  (t) => {
    t.timeout(LONG_MS);
    return runClouds(t, 1);
  },
);

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
