import test from 'ava';
import { assigned, type Share, surplusOf } from '../../src/engine/spreading.js';

const shares = (counts: Readonly<Record<string, number>>): Share[] =>
  Object.entries(counts).map(([engineId, sessions]) => ({ engineId, sessions }));

const taken = (counts: Readonly<Record<string, number>>, sessions: readonly string[]) =>
  Object.fromEntries(assigned(shares(counts), sessions));

test('a new session goes to the engine with the fewest', (t) => {
  t.deepEqual(taken({ a: 3, b: 1, c: 2 }, ['s']), { s: 'b' });
});

test('many free sessions are dealt out so that all engines end with the same number', (t) => {
  t.deepEqual(taken({ a: 2, b: 0 }, ['s1', 's2', 's3', 's4']), { s1: 'b', s2: 'b', s3: 'a', s4: 'b' });
});

test('all engines come to the same answer, in whatever order they see each other', (t) => {
  const sessions = ['s1', 's2', 's3'];
  t.deepEqual(assigned(shares({ a: 1, b: 1 }), sessions), assigned(shares({ b: 1, a: 1 }).reverse(), sessions));
});

test('without a living engine nobody is named', (t) => {
  t.deepEqual(taken({}, ['s']), {});
});

test('an engine that starts beside one with many sessions gets its share', (t) => {
  t.is(surplusOf('a', shares({ a: 7, b: 0 })), 3);
  t.is(surplusOf('b', shares({ a: 7, b: 0 })), 0);
});

test('of several engines with too many each gives part, and no more than it takes', (t) => {
  const counts = { a: 4, b: 4, c: 0, d: 1 };
  const given = Object.keys(counts).map((engineId) => surplusOf(engineId, shares(counts)));
  t.is(
    given.reduce((sum, n) => sum + n),
    3,
  );
  t.deepEqual(given.slice(2), [0, 0]);
});

test('engines that differ by one session give nothing away: no session goes back and forth', (t) => {
  for (const counts of [{ a: 1, b: 0 }, { a: 2, b: 1, c: 1 }, { a: 3 }, {}]) {
    for (const engineId of ['a', 'b', 'c']) t.is(surplusOf(engineId, shares(counts)), 0);
  }
});

test('after what is to be given was given and taken everybody is content', (t) => {
  for (const counts of [
    { a: 9, b: 0, c: 0 },
    { a: 5, b: 4, c: 0 },
    { a: 2, b: 2, c: 0 },
  ]) {
    const free: string[] = [];
    const left = shares(counts).map((share) => {
      const surplus = surplusOf(share.engineId, shares(counts));
      for (let n = 0; n < surplus; n += 1) free.push(`${share.engineId}${n}`);
      return { ...share, sessions: share.sessions - surplus };
    });
    const takers = [...assigned(left, free).values()];
    const after = left.map((share) => ({
      ...share,
      sessions: share.sessions + takers.filter((taker) => taker === share.engineId).length,
    }));
    for (const { engineId } of after) t.is(surplusOf(engineId, after), 0, JSON.stringify(after));
  }
});
