import 'reflect-metadata';
import test, { type ExecutionContext } from 'ava';
import type { NewSession } from '../../../src/client/index.js';
import { plusSeconds } from '../../../src/common/clock.js';
import { messageOf } from '../../../src/common/errors.js';
import type { Values } from '../../../src/config/index.js';
import { SessionRepository } from '../../../src/db/session-repository.js';
import type { SessionState } from '../../../src/model/index.js';
import type { JudgeOptions, Topology } from '../../../src/simulator/index.js';
import { mysqlServer } from '../services/mysql.js';
import { rabbitUrl } from '../services/rabbitmq.js';
import { EnginePool, type EngineProcess } from './engine-process.js';
import { until } from './patience.js';
import { type Point, sameAs, wordsOf } from './points.js';
import { SCENARIOS } from './scenarios.js';
import { aStage, merged, type Scene, type Stage } from './stage.js';
import { differences, faultsOf, type Outcome, outcomeOf } from './verdict.js';

/** The maintenance of host `a` with its one instance: short enough to be run once for each of its points. */
export interface CrashScenario {
  readonly topology: Topology;
  readonly session?: Partial<NewSession>;
  readonly options?: Values;
  readonly judgeBy?: JudgeOptions;
  /** What its plug-ins work with, beside the cloud; made once for all runs. */
  readonly standIns?: (t: ExecutionContext) => Promise<StandIns>;
  /** What an admin does meanwhile; resolves when that is done. */
  readonly meanwhile?: (scene: Scene, stage: Stage, sessionId: string, signal: AbortSignal) => Promise<void>;
  /** State in which the session ends. */
  readonly ends: SessionState;
  /** Beginnings of names of points without which the scenario would not show what it is for. */
  readonly needs: readonly string[];
  /** Where the points are that others have not as well, by beginnings of first and last names; absent = all are. */
  readonly own?: readonly (readonly [string, string])[];
}

/** Machines and systems that are not there. */
export interface StandIns {
  /** How an engine gets at them. */
  readonly options: Values;
  /** Called before each run: as if nothing had happened. @returns what the session asks of them */
  begin(scene: Scene): Partial<NewSession>;
}

/** Which points to die at. */
export interface Sample {
  /** Every how many-th one; 1 = all. */
  readonly every: number;
  readonly seed: number;
  /** Also those that another scenario has as well. */
  readonly whole: boolean;
}

/** For all runs of a scenario together. */
const LONGEST_MS = 3_600_000;
/** Every how many-th crash another engine stands by that takes the session when the lease is over. */
const TAKEOVER_EVERY = 5;
/** Real seconds, which no slow machine outlasts: the lease of an engine that has died is ended by hand. */
const LEASE_S = 60;

/** As "npm run test:crash" says by FENIX_CRASH_EVERY, FENIX_CRASH_SEED and FENIX_CRASH_WHOLE. */
function sampleOf({
  FENIX_CRASH_EVERY: every,
  FENIX_CRASH_SEED: seed,
  FENIX_CRASH_WHOLE: whole,
}: NodeJS.ProcessEnv): Sample {
  return { every: Number(every ?? 1), seed: Number(seed ?? 0), whole: whole === '1' };
}

/** The test of a scenario, skipped where there are no servers. */
export function crashTest(name: keyof typeof SCENARIOS, sample?: Sample): void {
  const title = `${name}: an engine may die at any point, and what comes of it is the same`;
  if (mysqlServer === undefined || rabbitUrl === undefined) test.skip(title, (t) => t.fail());
  else test.serial(title, (t) => crashEverywhere(t, SCENARIOS[name], sample));
}

interface Run {
  readonly outcome: Outcome;
  readonly faults: readonly string[];
  readonly lost: number;
  readonly points: readonly Point[];
  readonly killed: boolean;
  readonly takenOver: boolean;
  readonly lastWords: readonly string[];
}

/** Dies at each point of the scenario in turn, and expects each time what happens without that. */
async function crashEverywhere(
  t: ExecutionContext,
  scenario: CrashScenario,
  sample: Sample = sampleOf(process.env),
): Promise<void> {
  if (mysqlServer === undefined || rabbitUrl === undefined) throw new Error('needs MariaDB and RabbitMQ');
  t.timeout(LONGEST_MS);
  const began = performance.now();
  const pool = new EnginePool();
  t.teardown(() => pool.end());
  const stage = await aStage(t, mysqlServer, rabbitUrl);
  const runner = new Runner(stage, pool, scenario, await scenario.standIns?.(t));
  const [first, second] = [await runner.run(), await runner.run()];
  t.regex(first.outcome.session[0] ?? '', new RegExp(`^${scenario.ends},`), first.lastWords.join('\n'));
  t.deepEqual([first.killed, second.killed, first.faults], [false, false, []], 'without a crash');
  t.deepEqual(differences(first.outcome, second.outcome), [], 'two runs without a crash');
  // What depends on the moment is in one recording and not in the other.
  const both = first.points.filter((point) => second.points.some(sameAs(point)));
  for (const needed of scenario.needs)
    t.true(
      both.some(({ name }) => name.startsWith(needed)),
      needed,
    );
  const points = sample.whole ? both : ownOf(scenario, both);
  const chosen = points.filter((_, index) => index % sample.every === sample.seed % sample.every);
  const done = { kills: 0, takeovers: 0, lost: 0, runs: 2 };
  const bad: string[] = [];
  for (const [index, point] of chosen.entries()) {
    const takeover = index % TAKEOVER_EVERY === TAKEOVER_EVERY - 1;
    // Not reached: on a busy machine two things may pass each other, so once more.
    for (let killed = false, tries = 0; !killed && tries < 2; tries += 1) {
      const run = await runner.run({ dieAt: point, takeover }).catch((error: unknown) => messageOf(error));
      done.runs += 1;
      if (typeof run === 'string') {
        bad.push(run);
        break;
      }
      killed = run.killed;
      done.kills += Number(run.killed);
      done.takeovers += Number(run.takenOver);
      done.lost += run.lost;
      const complaints = [...run.faults, ...differences(first.outcome, run.outcome)];
      if (!killed && tries > 0) complaints.push('it was never reached');
      if (complaints.length === 0) continue;
      bad.push(`${wordsOf(point)}${run.takenOver ? ', taken over' : ''}: ${complaints.join('; ')}`);
      if (process.env.FENIX_CRASH_VERBOSE) t.log(bad.at(-1), run.lastWords.join('\n'));
    }
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  t.log(
    `${points.length} points, ${chosen.length} chosen, ${done.runs} runs, ${done.kills} kills, ` +
      `${done.takeovers} takeovers, ${done.lost} notices lost that may be, ${seconds} s`,
  );
  t.true(chosen.length > 0);
  t.deepEqual(bad, []);
}

class Runner {
  constructor(
    private readonly stage: Stage,
    private readonly pool: EnginePool,
    private readonly scenario: CrashScenario,
    private readonly standIns: StandIns | undefined,
  ) {}

  /** One session from its creation until nothing is left to be done. */
  async run({ dieAt, takeover = false }: { dieAt?: Point; takeover?: boolean } = {}): Promise<Run> {
    const { stage, pool, scenario, standIns } = this;
    const scene = await stage.set(scenario.topology, merged(OPTIONS, scenario.options ?? {}, standIns?.options ?? {}));
    const session = { ...scenario.session, ...standIns?.begin(scene) };
    const ended = new AbortController();
    const engines = [pool.take()];
    const [first] = engines as [EngineProcess];
    try {
      await first.start(scene.engineOptions('first', LEASE_S), dieAt);
      const sessionId = await scene.client.create(sessionOf(scene, session));
      const acting = scenario.meanwhile?.(scene, stage, sessionId, ended.signal);
      acting?.catch(() => undefined);
      let killed = false;
      const over = async (): Promise<boolean> => (await this.isOver(sessionId)) && heardAll(stage, scene, sessionId);
      const death = first.died.then((signal) => {
        killed = true;
        return signal;
      });
      if (takeover) {
        await until(async () => killed || (await this.ownerOf(sessionId)) !== null);
        engines.push(await this.another(scene));
      }
      const takenOver = takeover && !killed;
      await until(async () => killed || (await over()));
      // Of the last point others may have seen the effect before the engine dies of it.
      if (!killed && dieAt !== undefined) {
        await first.stop();
        killed = !first.isAlive;
      }
      if (killed) {
        if ((await death) !== 'SIGKILL') throw new Error('the engine ended by itself');
        // Its lease, not its successor's: nobody has to wait for the dead.
        await stage.database.knex('engines').where('engine_id', 'like', 'first:%').update({ lease_until: null });
        if (!takeover) engines.push(await this.another(scene));
      }
      await until(over);
      await acting;
      const { faults, lost } = await faultsOf(stage, scene, sessionId, scenario.judgeBy ?? {});
      const outcome = await outcomeOf(stage, scene, sessionId);
      return {
        outcome,
        faults,
        lost,
        points: [...first.passed],
        killed,
        takenOver: takenOver && killed,
        lastWords: engines.flatMap(({ lastWords }) => lastWords),
      };
    } catch (error) {
      const said = engines.flatMap(({ lastWords }) => lastWords).join('\n');
      const at = dieAt === undefined ? 'without a crash' : wordsOf(dieAt);
      throw new Error(`${at}: ${String(error)}\n${said}`, { cause: error });
    } finally {
      ended.abort();
      for (const engine of engines) {
        if (engine.isAlive) await engine.stop();
        if (engine.isAlive) pool.giveBack(engine);
      }
      await scene.end();
    }
  }

  private async another(scene: Scene): Promise<EngineProcess> {
    const engine = this.pool.take();
    await engine.start(scene.engineOptions('second', LEASE_S));
    return engine;
  }

  /** Closed, and no living engine is at it; the name of a dead one stays with what it closed. */
  private async isOver(sessionId: string): Promise<boolean> {
    const { database } = this.stage;
    if ((await new SessionRepository(database).isClosed(sessionId)) !== true) return false;
    const living = database.knex('engines').select('engine_id').whereNotNull('lease_until');
    const owned = await database.knex('sessions').where({ session_id: sessionId }).whereIn('owner', living);
    return owned.length === 0;
  }

  private async ownerOf(sessionId: string): Promise<string | null> {
    return (await new SessionRepository(this.stage.database).get(sessionId))?.owner ?? null;
  }
}

/** Domain seconds that a crash makes of nothing late. */
const PATIENT_S = 36_000;

/** Quick to look, patient with answers: what a crash makes late is no silence and no failure. */
const OPTIONS: Values = {
  DEFAULT: {
    project_maintenance_reply: PATIENT_S,
    project_scale_in_reply: 300,
    notify_retries: 20,
    blocked_timeout: PATIENT_S,
    cold_migration_timeout: PATIENT_S,
    live_migration_wait_time: PATIENT_S,
    own_action_timeout: PATIENT_S,
    action_plugin_timeout: PATIENT_S,
  },
  workflow: { ask_timeout: PATIENT_S },
  engine: { cloud_poll_interval: 2, sweep_interval: 0.2, planner_threads: 0 },
  nova: { interface: 'public', timeout: 3 },
};

/** What stands for installing something has a log of the run's own. */
function sessionOf({ clock, log }: Scene, { actions = [NOOP], ...rest }: Partial<NewSession> = {}): NewSession {
  return {
    state: 'MAINTENANCE',
    maintenance_at: plusSeconds(clock.now(), 10).toISOString().slice(0, 19).replace('T', ' '),
    hosts: ['a'],
    metadata: {},
    actions: actions.map((action) =>
      action.plugin === 'installing' ? { ...action, metadata: { ...action.metadata, log } } : action,
    ),
    ...rest,
  };
}

const NOOP = { plugin: 'noop', type: 'host', metadata: {} } as const;

function ownOf({ own = [['', '']] }: CrashScenario, points: readonly Point[]): readonly Point[] {
  const begins = (word: string) => (point: Point) => point.name.startsWith(word);
  return own.flatMap(([first, last]) =>
    points.slice(points.findIndex(begins(first)), points.findLastIndex(begins(last)) + 1),
  );
}

/** What was published has come to those it was for. */
async function heardAll({ database }: Stage, { heard }: Scene, sessionId: string): Promise<boolean> {
  const rows: { message_id: string; once: number }[] = await database
    .knex('outbox')
    .where({ session_id: sessionId })
    .select('message_id', 'once');
  return rows.every(({ message_id: id, once }) => Boolean(once) || heard.includes(id));
}
