import test, { type ExecutionContext } from 'ava';
import { FenixError } from '../../src/common/errors.js';
import { beginHold, letRoomGo, makeWay } from '../../src/engine/decisions/hold-room.js';
import { tell } from '../../src/engine/decisions/tell.js';
import type { Placeholder } from '../../src/model/index.js';
import type { CloudPort } from '../../src/workflow/cloud-port.js';
import type { OpenNotice } from '../../src/workflow/decisions.js';
import { aDatabase, aLife, anOwnedSession, type Life, takeOver, until } from '../support/engine-session.js';
import { aServer, aView } from '../support/engine-views.js';

const SIZE = { vcpus: 2, memoryMb: 4096, diskGb: 20 };
const WANTED = { instanceId: 'i1', resources: SIZE, target: 'c2' };

/** Placement with the consumers that it holds room for; each of its writes does what the test says. */
class Placement {
  readonly held = new Set<string>();
  readonly writes: string[] = [];
  fits = true;
  /** Called before a write is carried out. */
  before: (write: 'hold' | 'let go', consumer: string) => void | Promise<void> = () => undefined;
  /** Called after it. */
  after: () => void | Promise<void> = () => undefined;

  readonly cloud: Partial<CloudPort> = {
    holdRoom: ({ consumer }) => this.write('hold', consumer, () => this.held.add(consumer)),
    letRoomGo: (consumer) => this.write('let go', consumer, () => this.held.delete(consumer)),
    holdsRoom: async (consumer) => this.held.has(consumer),
    proves: async () => (this.fits ? { fits: true } : { fits: false, why: 'It is full.' }),
  };

  private async write(what: 'hold' | 'let go', consumer: string, carryOut: () => void): Promise<void> {
    this.writes.push(what);
    await this.before(what, consumer);
    carryOut();
    await this.after();
  }
}

async function aStory(t: ExecutionContext) {
  const repositories = await aDatabase(t);
  const { session, lease } = await anOwnedSession(repositories);
  const { sessionId } = session;
  const placement = new Placement();
  const options = { session, cloud: placement.cloud, settings: { leaseS: 100_000 } };
  const life = aLife(repositories, { ...options, lease });
  const rows = () => repositories.placeholders.ofSession(sessionId);
  const hold = async ({ context }: Life = life): Promise<void> => {
    context.effects.start(await context.writer.commit((unit) => beginHold(context, unit, WANTED, 'c1')));
  };
  const nextLife = async (): Promise<Life> => {
    life.stop();
    await life.context.effects.settled();
    const next = aLife(repositories, {
      ...options,
      lease: await takeOver(repositories, lease, 'engine-b'),
      clock: life.clock,
    });
    for (const entry of await repositories.journal.list(sessionId))
      if (entry.kind !== 'step' && entry.state === 'begun') next.context.effects.resume(entry);
    return next;
  };
  const facts = () => repositories.facts.list(sessionId);
  return { repositories, session, sessionId, placement, life, rows, hold, nextLife, facts };
}

const lost = () => new FenixError('transient', 'cloud-connection-lost', 'The connection broke.', { inDoubt: true });

test('room is written down before Placement is asked, and held when it has said so', async (t) => {
  const { placement, life, rows, hold } = await aStory(t);
  const before: Placeholder[] = [];
  placement.before = async () => {
    before.push(...(await rows()));
  };
  await hold();
  await life.context.effects.settled();
  const [row] = await rows();
  t.deepEqual([before[0]?.state, row?.state], ['asked', 'held']);
  t.like(row, { instanceId: 'i1', host: 'c2', ...SIZE });
  t.deepEqual([...placement.held], [row?.consumer]);
});

/** Its engine dies with the request on its way: `before` Placement has heard of it, or `after`. */
async function aDeath(t: ExecutionContext, when: 'before' | 'after') {
  const story = await aStory(t);
  const { placement, life, hold, nextLife } = story;
  placement[when] = () => {
    life.stop();
    throw lost();
  };
  await hold();
  const next = await nextLife();
  placement[when] = () => undefined;
  return { ...story, next };
}

test('an engine that dies after the request leaves what the next one finds held, and asks for only once', async (t) => {
  const { placement, rows, next } = await aDeath(t, 'after');
  await next.context.effects.settled();
  t.deepEqual(placement.writes, ['hold']);
  t.is((await rows())[0]?.state, 'held');
});

test('an engine that dies before the request leaves an intent that the next one carries out', async (t) => {
  const { placement, rows, next } = await aDeath(t, 'before');
  await until(async () => {
    next.machine.advanceMs(120_000);
    return placement.held.size > 0;
  });
  await next.context.effects.settled();
  t.is((await rows())[0]?.state, 'held');
  t.is(placement.held.size, 1);
});

test('what is to be let go while its answer is awaited goes after it, also if that was lost', async (t) => {
  const { placement, life, rows, hold } = await aStory(t);
  let isLost = true;
  placement.after = () => {
    if (!isLost) return;
    isLost = false;
    throw lost();
  };
  await hold();
  const [placeholder] = (await rows()) as [Placeholder];
  await letRoomGo(life.context, { kind: 'let-room-go', placeholder });
  await life.context.effects.settled();
  t.deepEqual(placement.writes, ['hold', 'let go']);
  t.deepEqual([...placement.held], []);
  t.deepEqual(await rows(), []);
});

test('a host without room is a fact about it; other refusals are none, and neither leaves anything behind', async (t) => {
  for (const [error, count] of [
    [new FenixError('terminal', 'no-room', 'It is full.'), 1],
    [new FenixError('denied', 'cloud-denied', 'Not by you.'), 0],
  ] as const) {
    const { placement, life, rows, hold, facts, repositories, sessionId } = await aStory(t);
    placement.before = () => {
      throw error;
    };
    await hold();
    await life.context.effects.settled();
    t.deepEqual(await rows(), []);
    t.is((await facts()).length, count);
    const told = (await repositories.history.list(sessionId)).map(({ what }) => what);
    t.true(told.includes(count === 1 ? 'target-refuted' : 'room-not-held'));
  }
});

test('what Placement refuses to let go stays written down', async (t) => {
  const { placement, life, rows, hold, repositories, sessionId } = await aStory(t);
  await hold();
  await life.context.effects.settled();
  placement.before = () => {
    throw new FenixError('denied', 'cloud-denied', 'Not by you.');
  };
  const [placeholder] = (await rows()) as [Placeholder];
  await letRoomGo(life.context, { kind: 'let-room-go', placeholder });
  await life.context.effects.settled();
  t.is((await rows())[0]?.state, 'held');
  t.true((await repositories.history.list(sessionId)).some(({ what }) => what === 'room-not-let-go'));
});

test('room that is held for another instance makes way, the last one first, before a target counts as full', async (t) => {
  const { placement, life, rows, hold, session } = await aStory(t);
  await hold();
  await life.context.effects.settled();
  const viewed = async () => aView({ session, rest: { placeholders: await rows() } });
  const other = { ...WANTED, instanceId: 'i2' };
  t.is(await makeWay(life.context, await viewed(), WANTED), undefined, 'its own is not in its way');
  t.is(await makeWay(life.context, await viewed(), { ...other, target: 'c3' }), undefined);
  t.like(await makeWay(life.context, await viewed(), other), { for: 'held-room' });
  await life.context.effects.settled();
  t.deepEqual([...placement.held], []);
  t.is(await makeWay(life.context, await viewed(), other), undefined);
});

test('a project is told when its instance’s room is held, and not before', async (t) => {
  const { placement, life, rows, session, repositories, sessionId } = await aStory(t);
  const server = aServer('i1', 'c1', { resources: SIZE });
  const view = async () =>
    aView({
      session: { ...session, policy: { hold_room: 'placeholders' } },
      servers: [server],
      rest: { placeholders: await rows(), effects: await repositories.journal.current(sessionId) },
    });
  const decision: OpenNotice = {
    kind: 'open-notice',
    state: 'PLANNED_MAINTENANCE',
    projectId: server.projectId,
    instanceId: 'i1',
    instanceIds: ['i1'],
    host: 'c1',
    allowedActions: ['MIGRATE'],
    replyAt: life.clock.now(),
    actionsAt: life.clock.now(),
    planned: { target: 'c2' },
  };
  const notices = async () => (await repositories.notices.list(sessionId)).length;
  t.like(await tell(life.context, await view(), decision), { for: 'held-room' });
  t.is(await notices(), 0);
  await life.context.effects.settled();
  const elsewhere = { ...decision, planned: { target: 'c3' } };
  t.like(await tell(life.context, await view(), elsewhere), { for: 'held-room' }, 'what it is not told of goes first');
  placement.fits = false;
  t.is(await tell(life.context, await view(), decision), undefined, 'its own room is not in its way');
  t.is(await notices(), 1);
});
