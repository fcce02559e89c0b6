import { Repositories } from '../../src/db/repositories.js';
import { brokenHosts, faultsOfSession, leftOpen, malformedCalls } from '../support/random-cloud/judge.js';
import { type Given, isTrue, unansweredState } from '../support/random-cloud/reasons.js';
import type { Run } from '../support/random-cloud/run.js';
import { doubledMoves, doubledPlugInRuns, doubledServiceChanges } from './doubled.js';
import { heldStill } from './ownership.js';
import { patiently } from './patiently.js';
import { readLedger } from './plugins/actions/ledger.js';
import type { Wave } from './wave.js';

export interface Verdict {
  /** What is not as it should be, one sentence each; empty = nothing. */
  readonly faults: readonly string[];
  readonly sessions: number;
  /** In MAINTENANCE_DONE. */
  readonly done: number;
  /** Why the others failed. */
  readonly reasons: readonly string[];
  /** Instances that arrived on another host. */
  readonly moves: number;
}

/** Judges a wave by the simulator's own log, the marks of the plug-in, what was acknowledged, and the database. */
export async function judgeWave(wave: Wave, folder: string): Promise<Verdict> {
  const { installation } = wave;
  const { simulator, engines, apis } = installation;
  const repositories = new Repositories(installation.database);
  const runs = await patiently(() =>
    Promise.all(wave.sessionIds.map((id, index) => runOf(wave, repositories, id, index))),
  );
  const journal = runs.flatMap((run) => run.journal);
  const report = simulator.report({ mayStayDisabled: runs.flatMap(brokenHosts) });
  const [first] = runs;
  const faults = [
    ...wave.faults,
    ...[...engines, ...apis].flatMap((member) => member.faults),
    ...report.violations.map(({ rule, sentence }) => `${rule}: ${sentence}`),
    ...doubledMoves(simulator.log.entries(), journal),
    ...doubledServiceChanges(simulator.log.entries()),
    ...doubledPlugInRuns(readLedger(folder)),
    ...runs.flatMap((run, index) => faultsOfSession(run, proof).map((fault) => `Session ${index + 1}: ${fault}`)),
    ...(first === undefined ? [] : malformedCalls(first)),
    ...leftOpen({ journal, openImpacts: first?.openImpacts ?? 0 }),
    ...misunderstandings(report.problems),
    ...(await patiently(() => leftInDatabase(wave, repositories))),
  ];
  return {
    faults,
    sessions: runs.length,
    done: runs.filter(({ detail }) => detail.state === 'MAINTENANCE_DONE').length,
    reasons: runs.flatMap(({ detail: { state, reason, waiting } }) =>
      state === 'MAINTENANCE_DONE' ? [] : [reason?.message ?? `${state}, waiting: ${waiting?.message}`],
    ),
    moves: [...report.moves.values()].reduce((sum, times) => sum + times, 0),
  };
}

async function runOf(wave: Wave, repositories: Repositories, sessionId: string, index: number): Promise<Run> {
  const { plan, installation } = wave;
  const { simulator, clock, client } = installation;
  const impacts = await repositories.impacts.active(clock.now());
  return {
    cloud: {
      topology: plan.topology,
      options: plan.options,
      session: plan.sessions[index]?.request ?? {},
      broker: undefined,
      acts: [],
      continues: false,
    },
    simulator,
    report: simulator.report(),
    detail: await client.detail(sessionId),
    hosts: await repositories.hosts.list(sessionId),
    history: await repositories.history.list(sessionId),
    journal: await repositories.journal.list(sessionId),
    openImpacts: impacts.filter(({ endedAt }) => endedAt === null).length,
    acts: [],
    createdAt: wave.createdAt[index] ?? wave.endedAt,
    endedAt: wave.endedAt,
  };
}

/**
 * A notice may be lost with a broker, so that its project never heard it: silence is true if there was no answer. And
 * there may be no room left for a session onto whose hosts another one has moved instances.
 */
function proof(run: Run, given: Given): boolean {
  if (isTrue(run, given)) return true;
  if (given.code === 'silence') return unansweredState(run, given) !== undefined;
  const wantsRoom = given.code === 'no-room' || (given.code === 'blocked' && !/impacted/.test(given.message));
  return wantsRoom && isInvaded(run);
}

/** Whether an instance came onto a host of the session from a host of another one. */
function isInvaded({ hosts, simulator: { log } }: Run): boolean {
  const own = new Set(hosts.map(({ hostname }) => hostname));
  const from = new Map(log.of('move-begun').map((move) => [move.migrationId, move.from]));
  return log.of('move-scheduled').some(({ migrationId, to }) => own.has(to) && !own.has(from.get(migrationId) ?? to));
}

/** What managers could not make sense of; that the API is away from time to time is no misunderstanding. */
function misunderstandings(problems: readonly string[]): string[] {
  return problems.filter((problem) => !/answered 5\d\d|did not answer|was not taken/.test(problem));
}

async function leftInDatabase(
  { installation, sessionIds, acknowledged }: Wave,
  repositories: Repositories,
): Promise<string[]> {
  const { database, sessions } = repositories;
  const { knex } = database;
  const pending = await knex('outbox')
    .whereNull('published_at')
    .select('session_id', 'event_type', 'attempts', 'error');
  const all = await sessions.ids();
  const open = await Promise.all(sessionIds.map(async (id) => ((await sessions.isClosed(id)) === true ? [] : [id])));
  return [
    ...open.flat().map((id) => `Session ${id} is stuck.`),
    ...pending.map((row) => `${row.event_type} of ${row.session_id} was not published: ${row.error}.`),
    ...(await heldStill(installation, repositories)),
    ...all
      .filter((id) => ![...acknowledged.sessions.values()].includes(id))
      .map((id) => `Session ${id} was made twice.`),
  ];
}
