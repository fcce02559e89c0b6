import test, { type ExecutionContext } from 'ava';
import type { MachineClock } from '../../src/common/clock.js';
import { SharedInstant } from '../../src/common/shared-instant.js';
import { Database } from '../../src/db/database.js';
import { SchemaMigrator } from '../../src/db/migrator.js';
import { Repositories } from '../../src/db/repositories.js';
import { LeaseLost } from '../../src/db/session-repository.js';
import { LeaseGuard } from '../../src/engine/lease-guard.js';
import { anEngine, aSession, NOON } from '../support/api-records.js';

/*
 * Two engines, one session, a clock: every state that they can come to, by the repositories and the guard as they are, on
 * SQLite. A heartbeat is three steps (asked, carried out, answered), a claim is two (looked, claimed); whoever is not
 * given its turn stands still, or is dead.
 */

/** Which rule of the lease is broken on purpose. */
type Broke =
  | 'a session is claimed whoever owns it'
  | 'the guard believes in more than the lease'
  | 'a renewal counts from its answer'
  | 'a lease that was taken is renewed'
  | 'leases are taken before they end'
  | 'an owner writes whatever its epoch';

const ENGINES = ['engine-a', 'engine-b'] as const;
/** Seconds; a tick is one. */
const LEASE_S = 2;
const LAST_TICK = 3;
const MOST_EPOCHS = 2;

interface Actor {
  readonly heartbeat: { readonly askedS: number; readonly held?: boolean } | null;
  /** The last tick at which it asked. */
  readonly beatS: number;
  readonly renewedS: number;
  readonly ended: boolean;
  /** Epoch of the session that it saw free. */
  readonly seen: number | null;
  /** Epoch under which it believes to own the session. */
  readonly owned: number | null;
}

interface State {
  readonly nowS: number;
  readonly actors: Readonly<Record<string, Actor>>;
  /** Rows. */
  readonly leases: Readonly<Record<string, string | null>>;
  readonly owner: string | null;
  readonly epoch: number;
}

/** One step of an engine: what it does to the database, if anything, and what it knows then. */
interface Step {
  readonly does?: readonly [name: string, work: () => Promise<Answer>];
  readonly learns: (answer: Answer) => Partial<Actor>;
}
type Answer = number | boolean | null;
type Rows = Pick<State, 'leases' | 'owner' | 'epoch'>;

class Model {
  /** Ways from a state to an end, by the state. */
  private readonly ways = new Map<string, bigint>();
  /** States on the way to the present one: broken rules may lead back to them. */
  private readonly passed = new Set<string>();
  /** What each piece of work did to the rows that it found: the same rows are not asked twice. */
  private readonly known = new Map<string, { readonly answer: Answer; readonly rows: Rows }>();
  private nowS = 0;
  steps = 0;
  wasTakenOver = false;

  private constructor(
    private readonly repositories: Repositories,
    private readonly sessionId: string,
    private readonly broke: Broke | undefined,
  ) {}

  static async start(t: ExecutionContext, broke?: Broke): Promise<{ model: Model; state: State }> {
    const clock = { model: undefined as Model | undefined };
    const time = (): Date => new Date(NOON.getTime() + (clock.model?.nowS ?? 0) * 1000);
    const database = await Database.open({ kind: 'sqlite', filename: ':memory:', time });
    t.teardown(() => database.close());
    await new SchemaMigrator(database).upgrade();
    const repositories = new Repositories(database);
    const session = aSession();
    await repositories.database.transaction((tx) => repositories.sessions.create(session, tx));
    for (const engineId of ENGINES) await repositories.engines.register(anEngine(engineId), LEASE_S);
    const model = new Model(repositories, session.sessionId, broke);
    clock.model = model;
    const lease = await repositories.sessions.claim(session, ENGINES[0]);
    const actor: Actor = { heartbeat: null, beatS: -1, renewedS: 0, ended: false, seen: null, owned: null };
    const actors = { [ENGINES[0]]: { ...actor, owned: lease?.epoch ?? null }, [ENGINES[1]]: actor };
    return { model, state: { nowS: 0, actors, ...(await model.read()) } };
  }

  get states(): number {
    return this.ways.size;
  }

  /** Goes everywhere from here. @returns how many orders of steps there are */
  async explore(state: State): Promise<bigint> {
    const key = JSON.stringify(state);
    const known = this.ways.get(key);
    if (known !== undefined) return known;
    if (this.passed.has(key)) return 0n;
    this.passed.add(key);
    this.hold(state);
    let ways = 0n;
    for (const [engineId, step] of this.stepsOf(state)) {
      const next = await this.take(state, engineId, step);
      if (JSON.stringify(next) !== key) ways += await this.explore(next);
    }
    if (state.nowS < LAST_TICK) ways += await this.explore({ ...state, nowS: state.nowS + 1 });
    const total = ways === 0n ? 1n : ways;
    this.ways.set(key, total);
    this.passed.delete(key);
    return total;
  }

  get transactions(): number {
    return this.known.size;
  }

  private async take(state: State, engineId: string, { does, learns }: Step): Promise<State> {
    this.steps += 1;
    const { nowS, leases, owner, epoch } = state;
    const rows = { leases, owner, epoch };
    const done =
      does === undefined ? { answer: null, rows } : await this.perform(rows, nowS, `${engineId} ${does[0]}`, does[1]);
    const actor = { ...(state.actors[engineId] as Actor), ...learns(done.answer) };
    return { nowS, actors: { ...state.actors, [engineId]: actor }, ...done.rows };
  }

  private async perform(rows: Rows, nowS: number, name: string, work: () => Promise<Answer>) {
    const key = JSON.stringify([rows, nowS, name]);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    await this.restore(rows, nowS);
    const done = { answer: await work(), rows: await this.read() };
    this.known.set(key, done);
    return done;
  }

  private stepsOf(state: State): [string, Step][] {
    return ENGINES.flatMap((engineId) => [
      ...this.heartbeatOf(state, engineId).map((step): [string, Step] => [engineId, step]),
      ...this.ownershipOf(state, engineId).map((step): [string, Step] => [engineId, step]),
    ]);
  }

  private heartbeatOf({ nowS, actors }: State, engineId: string): Step[] {
    const { heartbeat, beatS, renewedS, ended } = actors[engineId] as Actor;
    if (heartbeat === null) {
      return beatS < nowS && !ended ? [{ learns: () => ({ heartbeat: { askedS: nowS }, beatS: nowS }) }] : [];
    }
    if (heartbeat.held === undefined) {
      const carriedOut = (held: Answer) => ({ heartbeat: { ...heartbeat, held: Boolean(held) } });
      return [{ does: ['renews', () => this.renew(engineId)], learns: carriedOut }];
    }
    const fromS = this.broke === 'a renewal counts from its answer' ? nowS : heartbeat.askedS;
    const heard = heartbeat.held ? { renewedS: Math.max(renewedS, fromS) } : { ended: true };
    return [{ learns: () => ({ ...heard, heartbeat: null }) }];
  }

  private ownershipOf(state: State, engineId: string): Step[] {
    const { seen, owned } = state.actors[engineId] as Actor;
    const { holds } = this.guard(state, engineId);
    if (owned !== null) {
      const write: Step = {
        does: [`writes ${owned}`, () => this.write(engineId, owned)],
        learns: (isWritten) => {
          if (!isWritten) return { owned: null };
          const others = ENGINES.filter((other) => other !== engineId && this.mayAct(state, other));
          if (others.length > 0) throw new Error(`${engineId} writes what ${others.join()} owns`);
          return {};
        },
      };
      if (!holds) return [write, { learns: () => ({ owned: null, ended: true }) }];
      return [write];
    }
    if (seen !== null) {
      const claimed = (epoch: Answer) => ({ seen: null, owned: epoch as number | null });
      return [{ does: [`claims ${seen}`, () => this.claim(engineId, seen)], learns: claimed }];
    }
    if (!holds || state.epoch >= MOST_EPOCHS) return [];
    return [{ does: ['looks', () => this.look()], learns: (epoch) => ({ seen: epoch as number | null }) }];
  }

  private async look(): Promise<number | null> {
    await this.expire();
    const { sessions, database } = this.repositories;
    const [free] = await sessions.claimable(1);
    if (this.broke !== 'a session is claimed whoever owns it') return free?.epoch ?? null;
    return Number((await database.knex('sessions').first('epoch')).epoch);
  }

  private renew(engineId: string): Promise<boolean> {
    if (this.broke !== 'a lease that was taken is renewed') return this.repositories.engines.renew(engineId, LEASE_S);
    return this.repositories.engines.register(anEngine(engineId), LEASE_S).then(() => true);
  }

  private async expire(): Promise<void> {
    const { engines, database } = this.repositories;
    if (this.broke !== 'leases are taken before they end') await engines.expire();
    else await database.knex('engines').where('lease_until', '<', database.nowPlus(1.5)).update({ lease_until: null });
  }

  private async claim(engineId: string, epoch: number): Promise<number | null> {
    const { sessions, database } = this.repositories;
    if (this.broke === 'a session is claimed whoever owns it') {
      await database.knex('sessions').update({ owner: engineId, epoch: epoch + 1 });
      return epoch + 1;
    }
    const lease = await sessions.claim({ sessionId: this.sessionId, epoch }, engineId);
    if (lease !== undefined && lease.epoch > 1) this.wasTakenOver = true;
    return lease?.epoch ?? null;
  }

  /** @returns false when it was refused */
  private async write(engineId: string, epoch: number): Promise<boolean> {
    if (this.broke === 'an owner writes whatever its epoch') return true;
    const { sessions, database } = this.repositories;
    const lease = { sessionId: this.sessionId, engineId, epoch };
    try {
      await database.transaction((tx) => sessions.write(lease, 0, {}, NOON, tx));
      return true;
    } catch (error) {
      if (error instanceof LeaseLost) return false;
      throw error;
    }
  }

  private guard(state: State, engineId: string): LeaseGuard {
    const { renewedS, ended } = state.actors[engineId] as Actor;
    const machine = { monotonicMs: () => state.nowS * 1000 } as MachineClock;
    const renewed = new SharedInstant();
    renewed.set(renewedS * 1000);
    const believedS = this.broke === 'the guard believes in more than the lease' ? LEASE_S * 2 : LEASE_S;
    const guard = new LeaseGuard(engineId, believedS, machine, renewed);
    if (ended) guard.end();
    return guard;
  }

  private mayAct(state: State, engineId: string): boolean {
    return state.actors[engineId]?.owned != null && this.guard(state, engineId).holds;
  }

  private hold(state: State): void {
    const acting = ENGINES.filter((engineId) => this.mayAct(state, engineId));
    if (acting.length > 1) throw new Error(`two owners: ${acting.join(' and ')} at ${JSON.stringify(state)}`);
  }

  private async restore({ leases, owner, epoch }: Rows, nowS: number): Promise<void> {
    const { knex } = this.repositories.database;
    this.nowS = nowS;
    for (const [engineId, until] of Object.entries(leases)) {
      await knex('engines').where({ engine_id: engineId }).update({ lease_until: until });
    }
    await knex('sessions').update({ owner, epoch });
  }

  private async read(): Promise<Rows> {
    const { knex } = this.repositories.database;
    const engines = await knex('engines').orderBy('engine_id').select('engine_id', 'lease_until');
    const session = await knex('sessions').first('owner', 'epoch');
    const leases = Object.fromEntries(engines.map((row) => [row.engine_id, row.lease_until]));
    return { leases, owner: session.owner, epoch: Number(session.epoch) };
  }
}

test.serial(
  'two engines never both believe that they own a session, whatever stands still, dies or comes late',
  async (t) => {
    t.timeout(120_000);
    const { model, state } = await Model.start(t);
    const ways = await model.explore(state);
    t.log(
      `${ways} interleavings over ${model.states} states, ${model.steps} steps, ${model.transactions} transactions`,
    );
    t.true(model.wasTakenOver);
    t.true(ways > 1000n);
  },
);

for (const [broke, message] of [
  ['a session is claimed whoever owns it', /two owners/],
  ['the guard believes in more than the lease', /two owners/],
  ['a renewal counts from its answer', /two owners/],
  ['a lease that was taken is renewed', /two owners/],
  ['leases are taken before they end', /two owners/],
  ['an owner writes whatever its epoch', /writes what/],
] as const) {
  test.serial(`were it so that ${broke}, it would be found out`, async (t) => {
    const { model, state } = await Model.start(t, broke);
    const error = await t.throwsAsync(model.explore(state), { message });
    t.log(`after ${model.steps} steps: ${error?.message.slice(0, 80)}`);
  });
}
