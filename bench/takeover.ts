import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DistributedDemo, startDistributed } from '../src/cmd/demo/distributed.js';
import type { ServiceProcess } from '../src/cmd/demo/service-process.js';
import { plusSeconds } from '../src/common/clock.js';
import { silentLogger } from '../src/common/logger.js';
import { createRandom } from '../src/common/random.js';
import { SessionRepository } from '../src/db/session-repository.js';
import { generateTopology } from '../src/simulator/index.js';
import { quantile } from './statistics.js';

/*
 * From SIGKILL of the engine that owns a session to the next request by which another one changes the cloud, seen by the
 * simulated cloud itself. Leases, heartbeats and sweeps as by default; a kill that leaves a request in doubt is not
 * counted, as that one has to wait for its time-out. With `--signal SIGTERM`: until another engine owns the session.
 */
const WANTED_S = { SIGKILL: 5, SIGTERM: 1 } as const;
const LONGEST_S = 60;

// An end by signal ends the processes that were started here as well.
process.once('SIGTERM', () => process.exit(143));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    // Of domain time, so that something is always due; engines' leases do not know of it.
    speed: { type: 'string', default: '10' },
    signal: { type: 'string', default: 'SIGKILL' },
  },
});
if (values.signal !== 'SIGKILL' && values.signal !== 'SIGTERM') throw new Error('--signal is SIGKILL or SIGTERM');
const signal = values.signal;
const rounds = Number(values.rounds);
const random = createRandom(Number(values.seed));

const topology = generateTopology({
  hosts: 8,
  instances: 28,
  projects: 4,
  seed: 1,
  controllers: 0,
  constraints: { maxImpacted: 3, recoveryTime: 5 },
  timings: { coldMigration: 10, liveMigration: 10 },
});
const demo = await startDistributed(
  { speed: Number(values.speed), dialect: 'reference', engines: 2, apis: 1 },
  topology,
  silentLogger,
);
// Engines are killed here: that one has ended is no failure.
try {
  report(await measured(demo));
} finally {
  await demo.stop();
}

async function measured({ system, engines, startEngine, clock }: DistributedDemo): Promise<number[]> {
  const running = new Map<string, ServiceProcess>(engines.map((engine, index) => [`engine-${index + 1}`, engine]));
  const sessions = new SessionRepository(system.database);
  const writes = (): number => system.simulator.log.of('call').filter(isEffect).length;
  let sessionId: string | undefined;
  const tookMs: number[] = [];
  while (tookMs.length < rounds) {
    if (sessionId === undefined || (await isOver(sessionId))) {
      sessionId = await newSession();
    }
    const before = writes();
    const wanted = before + 1 + Math.floor(random.next() * 3);
    if (!(await reached(() => writes() >= wanted, LONGEST_S))) continue;
    await pause(random.next() * 200);
    const owner = String((await sessions.get(sessionId))?.owner).split(':')[0] as string;
    const killed = running.get(owner);
    if (killed === undefined) continue;
    running.delete(owner);
    const { ms, why } = signal === 'SIGTERM' ? await handedOver(sessionId, killed) : await takenOver(sessionId, killed);
    if (why === undefined) tookMs.push(ms);
    console.log(`${why === undefined ? tookMs.length : `${why}, not counted`}: ${(ms / 1000).toFixed(2)} s`);
    running.set(owner, await startEngine(owner));
  }
  return tookMs;

  async function takenOver(id: string, killed: ServiceProcess): Promise<Takeover> {
    const killedMs = performance.now();
    await killed.stop('SIGKILL');
    const doubted = await inDoubt(id);
    const seen = writes();
    const isSeen = await reached(() => writes() > seen, LONGEST_S);
    const ms = performance.now() - killedMs;
    if (doubted > 0) return { ms, why: 'in doubt' };
    return !isSeen || (await isOver(id)) ? { ms, why: 'nothing was left to do' } : { ms };
  }

  async function handedOver(id: string, stopped: ServiceProcess): Promise<Takeover> {
    const before = (await sessions.get(id))?.epoch ?? 0;
    const stoppedMs = performance.now();
    const end = stopped.stop('SIGTERM');
    const isOwned = await reached(async () => ((await sessions.get(id))?.epoch ?? 0) > before, LONGEST_S);
    const ms = performance.now() - stoppedMs;
    await end;
    return !isOwned || (await isOver(id)) ? { ms, why: 'nothing was left to do' } : { ms };
  }

  async function newSession(): Promise<string> {
    return system.client.create({
      state: 'MAINTENANCE',
      maintenance_at: plusSeconds(clock.now(), 30).toISOString().slice(0, 19).replace('T', ' '),
      metadata: {},
      actions: [],
    });
  }

  async function isOver(id: string): Promise<boolean> {
    return ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'].includes((await system.client.detail(id)).state);
  }

  async function inDoubt(id: string): Promise<number> {
    const begun = await system.database.knex('journal').where({ session_id: id, kind: 'step', state: 'begun' });
    return begun.length;
  }
}

interface Takeover {
  readonly ms: number;
  /** Why it tells nothing. */
  readonly why?: string;
}

function isEffect({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method !== 'GET' && /\/(servers\/[^/]+\/action|os-services\/)/.test(path);
}

async function reached(condition: () => boolean | Promise<boolean>, seconds: number): Promise<boolean> {
  for (const limit = performance.now() + seconds * 1000; performance.now() < limit; await pause(5)) {
    if (await condition()) return true;
  }
  return false;
}

function report(tookMs: readonly number[]): void {
  const [p50S, maxS] = [quantile(tookMs, 0.5) / 1000, Math.max(...tookMs) / 1000];
  console.log(
    `${signal} of the owner to the next ${signal === 'SIGKILL' ? 'effect' : 'owner'}, ${tookMs.length} times: ` +
      `p50 ${p50S.toFixed(2)} s, max ${maxS.toFixed(2)} s (wanted below ${WANTED_S[signal]} s).`,
  );
  console.log(JSON.stringify({ signal, rounds: tookMs.length, p50S, maxS, wantedS: WANTED_S[signal] }));
  if (maxS >= WANTED_S[signal]) process.exitCode = 1;
}
