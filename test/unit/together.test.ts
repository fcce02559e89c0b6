import test from 'ava';
import { Together } from '../../src/common/together.js';
import { ManualMachineClock } from '../support/manual-machine-clock.js';

/** Askings that end when they are told to. */
function aSource() {
  const askings: { readonly keys: readonly string[]; readonly end: () => void; readonly fail: () => void }[] = [];
  const ask = (keys: readonly string[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      askings.push({
        keys,
        end: () => resolve(keys.map((key) => key.toUpperCase())),
        fail: () => reject(new Error('away')),
      });
    });
  return { askings, ask, asked: () => askings.map(({ keys }) => keys.join('')) };
}

const turns = () => new Promise(setImmediate);

test('who comes alone is asked for at once, who comes meanwhile together, and each gets its own answer', async (t) => {
  const { askings, ask, asked } = aSource();
  const together = new Together(ask, { parallel: 1 });
  const answers = [...'abca'].map((key) => together.of(key));
  t.deepEqual(asked(), ['a']);
  askings[0]?.end();
  t.is(await answers[0], 'A');
  t.deepEqual(asked(), ['a', 'bca'], 'also what was asked before: that answer is older than the question');
  askings[1]?.end();
  t.deepEqual(await Promise.all(answers), ['A', 'B', 'C', 'A']);
});

test('no asking is for more than it may be, and no more are under way than may be', async (t) => {
  const { askings, ask, asked } = aSource();
  const together = new Together(ask, { parallel: 2, most: 2 });
  const answers = [...'abcdef'].map((key) => together.of(key));
  t.deepEqual(asked(), ['a', 'b']);
  askings[1]?.end();
  await answers[1];
  t.deepEqual(asked(), ['a', 'b', 'cd']);
  for (const index of [0, 2]) askings[index]?.end();
  await Promise.all(answers.slice(0, 4));
  askings[3]?.end();
  t.deepEqual(await Promise.all(answers), [...'ABCDEF']);
});

test('an asking that fails does so for its own callers, and the next one begins', async (t) => {
  const { askings, ask } = aSource();
  const together = new Together(ask, { parallel: 1 });
  const [first, second] = [together.of('a'), together.of('b')];
  askings[0]?.fail();
  await t.throwsAsync(first, { message: 'away' });
  askings[1]?.end();
  t.is(await second, 'B');
});

test('with a pace who comes soon after an asking shares the next one, and after a silence nobody waits', async (t) => {
  const machine = new ManualMachineClock();
  const { askings, ask, asked } = aSource();
  const together = new Together(ask, { parallel: 1, pace: { ms: 10, machine } });
  const first = together.of('a');
  askings[0]?.end();
  await first;
  const next = [...'bc'].map((key) => together.of(key));
  machine.advanceMs(9);
  await turns();
  t.deepEqual(asked(), ['a'], 'the pace is kept');
  next.push(together.of('d'));
  machine.advanceMs(1);
  await turns();
  t.deepEqual(asked(), ['a', 'bcd']);
  askings[1]?.end();
  t.deepEqual(await Promise.all(next), ['B', 'C', 'D']);
  machine.advanceMs(1000);
  void together.of('e');
  t.deepEqual(asked(), ['a', 'bcd', 'e']);
});
