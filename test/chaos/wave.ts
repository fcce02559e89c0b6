import { plusSeconds, SystemMachineClock } from '../../src/common/clock.js';
import { Stopped } from '../../src/common/errors.js';
import { Repositories } from '../../src/db/repositories.js';
import { Acknowledged } from './acknowledged.js';
import { type Installation, install, type Servers } from './installation.js';
import { heldStill } from './ownership.js';
import { patiently } from './patiently.js';
import type { PlannedSession, WavePlan } from './plan.js';
import { Storm } from './storm.js';

const machine = new SystemMachineClock();
const LOOK_MS = 500;
/** When everything is well again no session may need more, nor the outbox and the leases after the last one; seconds. */
const END_WITHIN_S = 300;
const REST_WITHIN_S = 20;

/** A wave that is over: all of it is up still, to be judged. */
export interface Wave {
  readonly plan: WavePlan;
  readonly installation: Installation;
  readonly acknowledged: Acknowledged;
  /** In the order of the plan. */
  readonly sessionIds: readonly string[];
  /** When each was created and when all were over, domain time. */
  readonly createdAt: readonly Date[];
  readonly endedAt: Date;
  /** What went wrong meanwhile, one sentence each. */
  readonly faults: readonly string[];
}

/**
 * Runs a wave to its end and hands it to `use`, while it is up.
 * @param folder for logs, and for the marks of the plug-in
 * @param say told of each disturbance, with its kind
 */
export async function withWave<T>(
  servers: Servers,
  plan: WavePlan,
  folder: string,
  say: (what: string, kind: string) => void,
  use: (wave: Wave) => Promise<T>,
): Promise<T> {
  const installation = await install(servers, plan, folder);
  try {
    return await use(await run(installation, plan, say));
  } finally {
    await installation.stop();
  }
}

async function run(
  installation: Installation,
  plan: WavePlan,
  say: (what: string, kind: string) => void,
): Promise<Wave> {
  const { simulator, clock, client, database } = installation;
  const acknowledged = new Acknowledged(client, simulator.managers);
  const sessionIds: string[] = [];
  const createdAt: Date[] = [];
  const storm = new Storm({ installation, acknowledged, sessionIds, say });
  const done = new AbortController();
  const create = async ({ afterS, request }: PlannedSession, index: number): Promise<void> => {
    await machine.sleepMs(afterS * 1000, done.signal);
    const session = () => ({
      ...request,
      maintenance_at: plusSeconds(clock.now(), 60).toISOString().slice(0, 19).replace('T', ' '),
    });
    sessionIds[index] = await acknowledged.create(session, done.signal);
    createdAt[index] = clock.now();
  };
  const faults: string[] = [];
  const writing = acknowledged.write(done.signal);
  const creating = Promise.all(plan.sessions.map(create));
  const raging = storm.rage(plan.disturbances);
  try {
    await Promise.race([raging, creating.then(() => closing(installation, sessionIds, done.signal))]);
    storm.end();
    await raging;
    await creating;
    await within(END_WITHIN_S, (signal) => closing(installation, sessionIds, signal));
    await within(REST_WITHIN_S, (signal) => rest(installation, signal));
  } finally {
    done.abort();
    storm.end();
    await Promise.allSettled([writing, creating, raging]);
  }
  faults.push(...storm.faults, ...acknowledged.faults);
  faults.push(...(await patiently(() => acknowledged.missing(database))));
  return { plan, installation, acknowledged, sessionIds, createdAt, endedAt: clock.now(), faults };
}

/** Resolves when nothing is left to be done for any of the sessions. */
async function closing({ database }: Installation, sessionIds: readonly string[], signal: AbortSignal): Promise<void> {
  const { sessions } = new Repositories(database);
  const isOpen = async (): Promise<boolean> => {
    const closed = await Promise.all(sessionIds.map((id) => patiently(() => sessions.isClosed(id))));
    return closed.some((one) => one !== true);
  };
  while (await isOpen()) await machine.sleepMs(LOOK_MS, signal);
}

/** Resolves when nothing is to be published, and no engine holds anything. */
async function rest(installation: Installation, signal: AbortSignal): Promise<void> {
  const { database } = installation;
  const repositories = new Repositories(database);
  const isBusy = async (): Promise<boolean> => {
    const pending = await patiently(() => database.knex('outbox').whereNull('published_at').first('outbox_id'));
    const held = await patiently(() => heldStill(installation, repositories));
    return pending !== undefined || held.length > 0;
  };
  while (await isBusy()) await machine.sleepMs(LOOK_MS, signal);
}

/** Lets work go on for so long; that it did not end is for the judge to see. */
async function within(seconds: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), seconds * 1000);
  try {
    await work(limit.signal);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    clearTimeout(timer);
  }
}
