import type { ExecutionContext } from 'ava';
import type { SessionDetail } from '../../../src/client/index.js';
import { Repositories } from '../../../src/db/repositories.js';
import type { HistoryEntry, JournalEntry, SessionHost } from '../../../src/model/index.js';
import type { Report, Simulator } from '../../../src/simulator/index.js';
import { Scenario } from '../scenario.js';
import type { Act } from './acts.js';
import { Admin, isLater } from './admin.js';
import { type RandomCloud, randomCloud, type ShippedWorkflow } from './index.js';

/** A session on a random cloud that has come to its end, and everything that can be known about it. */
export interface Run {
  readonly cloud: RandomCloud;
  readonly simulator: Simulator;
  readonly report: Report;
  readonly detail: SessionDetail;
  readonly hosts: readonly SessionHost[];
  readonly history: readonly HistoryEntry[];
  readonly journal: readonly JournalEntry[];
  readonly openImpacts: number;
  readonly acts: readonly Act['what'][];
  readonly createdAt: Date;
  readonly endedAt: Date;
}

/** Runs one session on the cloud of the seed to its end, and hands what there is to know to `use`. */
export async function withRandomRun<T>(
  t: ExecutionContext,
  seed: number,
  use: (run: Run) => T,
  workflow?: ShippedWorkflow,
): Promise<T> {
  const cloud = randomCloud(seed, workflow);
  const { topology, options, broker } = cloud;
  const scenario = await Scenario.start(t, { topology, options, ...(broker && { faults: broker }) });
  try {
    return use(await runOn(scenario, cloud));
  } finally {
    await scenario.stop();
  }
}

async function runOn(scenario: Scenario, cloud: RandomCloud): Promise<Run> {
  const { system, clock } = scenario;
  await system.startEngine();
  const createdAt = clock.now();
  const sessionId = await patiently(scenario, () => scenario.create(cloud.session));
  const admin = new Admin(scenario, sessionId);
  admin.begin(cloud.acts);
  const finish = () => patiently(scenario, () => scenario.finish(sessionId));
  let detail = await finish();
  if (cloud.continues && detail.state === 'MAINTENANCE_FAILED' && detail.reason?.code !== 'aborted') {
    await patiently(scenario, () => system.client.resumeFailed(sessionId));
    admin.done.push('continue');
    detail = await finish();
  }
  await admin.leave();
  const repositories = new Repositories(system.database);
  const impacts = await repositories.impacts.active(clock.now());
  const everybody = system.simulator.log.of('instance-added').map(({ name }) => name);
  const mayStop = cloud.session.policy?.immovable === 'stop_while_out' ? everybody : [];
  return {
    cloud,
    simulator: system.simulator,
    report: system.simulator.report({ mayStop }),
    detail,
    hosts: await repositories.hosts.list(sessionId),
    history: await scenario.history(sessionId),
    journal: await repositories.journal.list(sessionId),
    openImpacts: impacts.filter(({ endedAt }) => endedAt === null).length,
    acts: admin.done,
    createdAt,
    endedAt: clock.now(),
  };
}

/** As a client does it that is told to come again later. */
async function patiently<T>(scenario: Scenario, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isLater(error)) throw error;
      await scenario.advance(1);
    }
  }
}
