import test from 'ava';
import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import { ServersWatch } from '../../src/engine/servers-watch.js';
import type { Server, ServerChanges } from '../../src/workflow/cloud-port.js';

const NOON = new Date('2026-01-01T12:00:00Z');
const at = (seconds: number): Date => plusSeconds(NOON, seconds);
const nobody: ServerChanges = { changed: [], gone: [], latest: null };

function aServer(id: string, host: string): Server {
  return { id, host } as Server;
}

/** Answers one question after the other; each is kept. */
function asked(...answers: (ServerChanges | Error)[]) {
  const since: (Date | undefined)[] = [];
  const serversChanged = async (from: Date | undefined): Promise<ServerChanges> => {
    since.push(from);
    const answer = answers.shift() ?? nobody;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { watch: new ServersWatch({ serversChanged }), since };
}

const shown = (servers: readonly Server[]): string[] => servers.map(({ id, host }) => `${id} ${host}`).sort();

test('after all of them only what changed is read, counted from Nova’s own latest time, with an overlap', async (t) => {
  const whole = { changed: [aServer('a', '1'), aServer('b', '1'), aServer('c', '1')], gone: [], latest: at(-500) };
  const moved = { changed: [aServer('b', '2'), aServer('d', '2')], gone: ['c'], latest: at(-400) };
  const { watch, since } = asked(whole, moved, nobody);
  t.deepEqual(shown(await watch.read(at(0))), ['a 1', 'b 1', 'c 1']);
  t.deepEqual(shown(await watch.read(at(5))), ['a 1', 'b 2', 'd 2']);
  t.deepEqual(shown(await watch.read(at(10))), ['a 1', 'b 2', 'd 2']);
  await watch.read(at(15));
  t.deepEqual(since, [undefined, at(-560), at(-460), at(-460)]);
});

test('now and then all are read again: what Nova calls no change is seen, and what it forgot is gone', async (t) => {
  const { watch, since } = asked({ changed: [aServer('a', '1'), aServer('b', '1')], gone: [], latest: NOON }, nobody, {
    changed: [aServer('a', '3')],
    gone: [],
    latest: NOON,
  });
  await watch.read(at(0));
  await watch.read(at(299));
  t.deepEqual(shown(await watch.read(at(300))), ['a 3']);
  t.is(since[2], undefined);
});

test('a cloud without servers is read as a whole', async (t) => {
  const { watch, since } = asked(nobody, { changed: [aServer('a', '1')], gone: [], latest: NOON });
  t.deepEqual(await watch.read(at(0)), []);
  t.deepEqual(shown(await watch.read(at(5))), ['a 1']);
  t.deepEqual(since, [undefined, undefined]);
});

test('a reading that failed leaves what was known', async (t) => {
  const { watch, since } = asked(
    { changed: [aServer('a', '1')], gone: [], latest: NOON },
    new FenixError('transient', 'nova-busy', 'Busy.'),
    { changed: [aServer('a', '2')], gone: [], latest: at(9) },
  );
  await watch.read(at(0));
  await t.throwsAsync(watch.read(at(5)), { code: 'nova-busy' });
  t.deepEqual(shown(await watch.read(at(10))), ['a 2']);
  t.deepEqual(since, [undefined, at(-60), at(-60)]);
});

/** Answers when it is told to, in any order. */
function slow() {
  const answers: ((changes: ServerChanges | Error) => void)[] = [];
  const since: (Date | undefined)[] = [];
  const serversChanged = (from: Date | undefined): Promise<ServerChanges> => {
    since.push(from);
    return new Promise((resolve, reject) => {
      answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
    });
  };
  return { watch: new ServersWatch({ serversChanged }), since, answers };
}

const CAME: ServerChanges = {
  changed: [aServer('a', '1'), aServer('b', '1'), aServer('c', '1')],
  gone: [],
  latest: NOON,
};

async function aSlowWatchThatKnowsAll() {
  const world = slow();
  const first = world.watch.read(at(0));
  world.answers[0]?.(CAME);
  await first;
  return world;
}

test('while all are read anew others ask for changes only, and what they saw is not lost when that comes in', async (t) => {
  const { watch, since, answers } = await aSlowWatchThatKnowsAll();
  const all = watch.read(at(300));
  const early = watch.read(at(301));
  const late = watch.read(at(302));
  t.deepEqual(since.slice(1), [undefined, at(-60), at(-60)]);
  answers[2]?.({ changed: [aServer('b', '2'), aServer('d', '2')], gone: ['c'], latest: at(301) });
  t.deepEqual(shown(await early), ['a 1', 'b 2', 'd 2']);
  // As it was when its pages were read: before all of that. What Nova calls no change is only seen there.
  answers[1]?.({ ...CAME, changed: [aServer('a', '9'), aServer('b', '1'), aServer('c', '1')] });
  t.deepEqual(shown(await all), ['a 9', 'b 2', 'd 2']);
  answers[3]?.({ changed: [aServer('d', '3')], gone: [], latest: at(302) });
  t.deepEqual(shown(await late), ['a 9', 'b 2', 'd 3']);
  const next = watch.read(at(303));
  t.deepEqual(since.at(-1), at(242), 'by the latest change of all');
  answers[4]?.(nobody);
  t.deepEqual(shown(await next), ['a 9', 'b 2', 'd 3']);
});

test('what was asked for before all are read anew does not take the place of what that saw', async (t) => {
  const { watch, since, answers } = await aSlowWatchThatKnowsAll();
  const before = watch.read(at(299));
  const all = watch.read(at(300));
  answers[1]?.({ changed: [aServer('a', '1')], gone: [], latest: at(250) });
  await before;
  answers[2]?.({ ...CAME, changed: [aServer('a', '2')], latest: at(390) });
  t.deepEqual(shown(await all), ['a 2']);
  // Its first page may have been read before what its last one shows.
  void watch.read(at(391));
  t.deepEqual(since.at(-1), at(190));
});

test('where all could not be read anew the next one tries', async (t) => {
  const { watch, since, answers } = await aSlowWatchThatKnowsAll();
  const all = watch.read(at(300));
  answers[1]?.(new FenixError('transient', 'nova-busy', 'Busy.'));
  await t.throwsAsync(all, { code: 'nova-busy' });
  const next = watch.read(at(301));
  t.is(since.at(-1), undefined);
  answers[2]?.(CAME);
  t.deepEqual(shown(await next), ['a 1', 'b 1', 'c 1']);
});

test('of two readings at a time the one that began later is what the next goes on from', async (t) => {
  const { watch, since, answers } = slow();
  const early = watch.read(at(0));
  const late = watch.read(at(1));
  answers[1]?.({ changed: [aServer('a', '2')], gone: [], latest: at(1) });
  answers[0]?.({ changed: [aServer('a', '1')], gone: [], latest: at(-10) });
  t.deepEqual(shown(await early), ['a 1']);
  t.deepEqual(shown(await late), ['a 2']);
  const next = watch.read(at(2));
  t.deepEqual(since[2], at(-59));
  answers[2]?.(nobody);
  t.deepEqual(shown(await next), ['a 2']);
});
