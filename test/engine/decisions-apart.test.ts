import test from 'ava';
import { applyApart } from '../../src/engine/decisions/apart.js';
import type { NotYet } from '../../src/engine/decisions/apply.js';
import type { Decision } from '../../src/workflow/decisions.js';

const move = (instanceId: string): Decision => ({ kind: 'move-instance', instanceId, action: 'MIGRATE', target: 'c1' });
const take = (host: string): Decision => ({ kind: 'take-host', host });
const nameOf = (decision: Decision): string =>
  decision.kind === 'move-instance' ? decision.instanceId : decision.kind === 'take-host' ? decision.host : '?';

/** Notes what begins and ends, and how many are under way; each takes a few turns of the event loop. */
function aWorld(answers: Readonly<Record<string, NotYet | Error>> = {}) {
  const lines: string[] = [];
  const count = { now: 0, most: 0 };
  const carryOut = async (decision: Decision): Promise<NotYet | undefined> => {
    const name = nameOf(decision);
    lines.push(`begin ${name}`);
    count.now += 1;
    count.most = Math.max(count.most, count.now);
    const answer = answers[name];
    for (let turn = 0; turn < (answer instanceof Error ? 1 : 5); turn += 1) await new Promise(setImmediate);
    count.now -= 1;
    lines.push(`end ${name}`);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { lines, count, carryOut };
}

test('moves next to each other begin side by side, sixteen at most; whatever is not about one instance waits its turn', async (t) => {
  const { lines, count, carryOut } = aWorld();
  const moves = Array.from({ length: 20 }, (_, index) => [move(`i${index}`)]);
  const { done, refusals } = await applyApart([[take('c1')], ...moves, [take('c2')], [take('c3')]], carryOut);
  t.deepEqual([done, refusals, count.most], [23, [], 16]);
  t.deepEqual(lines.slice(0, 4), ['begin c1', 'end c1', 'begin i0', 'begin i1']);
  t.deepEqual(lines.slice(-4), ['begin c2', 'end c2', 'begin c3', 'end c3']);
});

test('one that is refused holds nobody back but what comes after it in its own list; they are told in their order', async (t) => {
  const room = { for: 'no-room', message: 'None.' };
  const { lines, carryOut } = aWorld({ i1: room, c1: room });
  const lists = [[take('c1'), take('c2')], [move('i0')], [move('i1')], [move('i2')]];
  const { done, refusals } = await applyApart(lists, carryOut);
  t.deepEqual(
    refusals.map(({ decision, notYet }) => [nameOf(decision), notYet]),
    [
      ['c1', room],
      ['i1', room],
    ],
  );
  t.is(done, 2);
  t.false(lines.includes('begin c2'));
});

test('where one fails, those that were begun with it end first, and nothing more begins', async (t) => {
  const lost = new Error('The lease is lost.');
  const { lines, count, carryOut } = aWorld({ i0: lost });
  await t.throwsAsync(applyApart([[move('i0')], [move('i1')], [take('c1')]], carryOut), { is: lost });
  t.is(count.now, 0);
  t.deepEqual(lines, ['begin i0', 'begin i1', 'end i0', 'end i1']);
});
