import test, { type ExecutionContext } from 'ava';
import { Repositories } from '../../src/db/repositories.js';
import { beginEffect } from '../../src/engine/effects/begin.js';
import { freezeAll, thawAll } from '../../src/engine/freeze.js';
import type { CommandKind } from '../../src/model/index.js';
import { aDatabase, aLife, anOwnedSession } from '../support/engine-session.js';
import { Scenario } from '../support/scenario.js';

const WHO = 'fenix-manage (night shift)';
/** Domain seconds, longer than every time-out of the service. */
const VERY_LONG_S = 86_400;

const repositoriesOf = (scenario: Scenario): Repositories => new Repositories(scenario.system.database);

/** The engine hears of it at once; else its next sweep would tell it. */
async function heard(scenario: Scenario, sessionIds: readonly string[]): Promise<void> {
  for (const id of sessionIds) scenario.system.engine?.wake(id);
  await scenario.advance(0);
}

async function freeze(scenario: Scenario, ...sessionIds: string[]): Promise<void> {
  const why = 'storage is down';
  await freezeAll(repositoriesOf(scenario), { who: WHO, since: scenario.clock.now(), why });
  await heard(scenario, sessionIds);
}

async function thaw(scenario: Scenario, ...sessionIds: string[]): Promise<void> {
  await thawAll(repositoriesOf(scenario), WHO, scenario.clock.now());
  await heard(scenario, sessionIds);
}

async function command(scenario: Scenario, sessionId: string, kind: CommandKind): Promise<void> {
  const receivedAt = scenario.clock.now();
  const said = { sessionId, kind, args: {}, userId: 'admin', requestId: 'req-1', receivedAt };
  await repositoriesOf(scenario).commands.insert(said);
  await heard(scenario, [sessionId]);
}

/** A session whose projects keep silent, with their windows of 1000 s just open. */
async function asking(t: ExecutionContext): Promise<{ scenario: Scenario; id: string }> {
  const options = { DEFAULT: { project_maintenance_reply: 1000 } };
  const scenario = await Scenario.start(t, { options, managers: { dialect: 'silent' } });
  await scenario.system.startEngine();
  const id = await scenario.create();
  await scenario.until(async () => (await openWindows(scenario, id)).length === 2);
  return { scenario, id };
}

/** When the windows of the open notices end, Unix seconds. */
async function openWindows(scenario: Scenario, id: string): Promise<number[]> {
  const open = (await repositoriesOf(scenario).notices.list(id)).filter(({ closedAt }) => closedAt === null);
  return open.map(({ replyAt }) => (replyAt?.getTime() ?? 0) / 1000);
}

test.serial(
  'while everything is frozen what runs ends and nothing begins; thawed, it goes on to its end',
  async (t) => {
    const scenario = await Scenario.start(t);
    await scenario.system.startEngine();
    const { client, simulator } = scenario.system;
    const { log } = simulator;
    const effects = (): number[] => [
      log.of('move-begun').length,
      log.of('service').length,
      log.of('alarm-post').length,
    ];
    const id = await scenario.create();
    await scenario.until(() => log.of('move-begun').length > 0);
    const since = scenario.clock.now().toISOString().slice(0, 19).replace('T', ' ');
    await freeze(scenario, id);
    await scenario.advance(600);
    t.is(log.of('move-ended').length, log.of('move-begun').length);
    const then = effects();
    await scenario.advance(VERY_LONG_S);

    t.deepEqual(effects(), then);
    const { state, waiting } = await client.detail(id);
    t.not(state, 'MAINTENANCE_FAILED');
    t.like(waiting, { for: 'frozen', message: `Frozen since ${since} by ${WHO}: storage is down.` });
    t.is(waiting?.since.slice(0, 19).replace('T', ' '), since);

    await thaw(scenario, id);
    const done = await scenario.finish(id);
    t.is(done.state, 'MAINTENANCE_DONE', JSON.stringify(done.reason));
    t.deepEqual(simulator.report().violations, []);
    const told = (await scenario.history(id)).filter(({ what }) => what === 'command-taken');
    t.deepEqual(
      told.map(({ who, details }) => [who, details.kind]),
      [
        [WHO, 'freeze'],
        [WHO, 'thaw'],
      ],
    );
  },
);

test.serial(
  'sessions that come while everything is frozen begin when it is thawed; deleted ones end then',
  async (t) => {
    const scenario = await Scenario.start(t);
    await scenario.system.startEngine();
    const { client, simulator } = scenario.system;
    const first = await scenario.create();
    await scenario.until(() => simulator.log.of('move-begun').length > 0);
    await freeze(scenario, first);
    const changes = (): number => simulator.log.of('service').length;
    const then = changes();
    await command(scenario, first, 'delete');
    const second = await scenario.create();
    await heard(scenario, [first, second]);
    await scenario.advance(VERY_LONG_S);
    t.is(changes(), then);
    t.is((await client.detail(second)).waiting?.for, 'frozen');
    await thaw(scenario, first, second);
    await scenario.until(async () => (await scenario.history(first)).at(-1)?.what === 'closed');
    t.true(changes() > then);
  },
);

test.serial(
  'windows of open notices grow by the time in which everything was frozen or the session paused',
  async (t) => {
    const { scenario, id } = await asking(t);
    const step = {
      F: () => freeze(scenario, id),
      T: () => thaw(scenario, id),
      P: () => command(scenario, id, 'pause'),
      R: () => command(scenario, id, 'resume'),
    };
    for (const [order, grownBy] of [
      ['FT', 10],
      ['PFRT', 30],
      ['FPTR', 30],
      ['FPRT', 30],
      ['PFTR', 30],
      ['FRT', 20],
    ] as const) {
      const before = await openWindows(scenario, id);
      for (const each of order) {
        await step[each as keyof typeof step]();
        if (each !== order.at(-1)) await scenario.advance(10);
      }
      const expected = before.map((at) => at + grownBy);
      t.deepEqual(await openWindows(scenario, id), expected, order);
      t.is((await scenario.system.client.detail(id)).paused_at, null);
    }
  },
);

test.serial('nobody’s time runs out while everything is frozen, not even if no engine saw it', async (t) => {
  const { scenario, id } = await asking(t);
  await scenario.system.stopEngine();
  const before = await openWindows(scenario, id);
  await freeze(scenario);
  await scenario.advance(VERY_LONG_S);
  await thaw(scenario);
  await scenario.system.startEngine();
  await scenario.advance(1);
  t.deepEqual(
    await openWindows(scenario, id),
    before.map((at) => at + VERY_LONG_S),
  );
  t.is((await scenario.system.client.show(id)).state, 'MAINTENANCE');
});

test.serial(
  'the journal begins no effect while everything is frozen, but lets one that runs take its next step',
  async (t) => {
    const repositories = await aDatabase(t);
    const { session, lease } = await anOwnedSession(repositories);
    const { context, clock } = aLife(repositories, { session, lease });
    const about = { kind: 'service', subject: 'compute-1', host: 'compute-1', action: 'disable', intent: {} } as const;
    await freezeAll(repositories, { who: WHO, since: clock.now(), why: null });
    const again = await freezeAll(repositories, { who: 'another', since: clock.now(), why: null });
    t.is(again.who, WHO);
    const begin = () => context.writer.commit((unit) => beginEffect(context, unit, about));
    await t.throwsAsync(begin, { code: 'frozen' } as object);
    t.deepEqual(await repositories.journal.list(session.sessionId), []);
    let sent = 0;
    const run = async (): Promise<void> => {
      sent += 1;
    };
    const key = { sessionId: session.sessionId, subject: 'server', action: 'move/confirm', attempt: 1 };
    await context.journal.once(key, { run, probe: async () => false });
    t.is(sent, 1);
    t.like(await thawAll(repositories, WHO, clock.now()), { who: WHO });
    t.is(await thawAll(repositories, WHO, clock.now()), undefined);
    t.is((await begin()).attempt, 1);
  },
);
