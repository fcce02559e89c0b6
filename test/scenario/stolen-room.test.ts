import test from 'ava';
import type { Notice } from '../../src/model/index.js';
import { generateTopology, type Simulator } from '../../src/simulator/index.js';
import { Scenario } from '../support/scenario.js';

const CLOUD = { hosts: 2, instances: 2, projects: 1, seed: 2, controllers: 0, emptyHosts: 1 };
const STATE: Notice['state'] = 'PLANNED_MAINTENANCE';

/** Somebody else's allocation, for all that is left on the host. */
function takeAll({ cloud }: Simulator, host: string): () => void {
  const flavor = cloud.instances()[0]?.flavor;
  const capacity = cloud.hosts.get(host)?.capacity;
  if (flavor === undefined || capacity === undefined) throw new Error(`no ${host}`);
  const consumer = cloud.newUuid();
  const owner = { projectId: cloud.newUuid(), userId: cloud.newUuid() };
  cloud.allocations.claim({ ...owner, consumer, instanceId: consumer, host, resources: { ...flavor, ...capacity } });
  return () => cloud.releaseRoom(consumer);
}

test.serial('room that somebody takes between the notice and the move is missed before Nova is asked', async (t) => {
  const managers = { answerAfter: 20 };
  const scenario = await Scenario.start(t, { topology: generateTopology(CLOUD), managers });
  const { simulator, client } = scenario.system;
  await scenario.system.startEngine();
  const id = await scenario.create();
  const moves = () => simulator.log.of('move-begun').length;
  await scenario.until(() => simulator.log.of('alarm-post').some(({ state }) => state === STATE));
  const target = [...simulator.cloud.hosts.values()].find(
    ({ name }) => !simulator.cloud.instances().some(({ host }) => host === name),
  );
  const giveBack = takeAll(simulator, target?.name ?? '');
  await scenario.advance(60);
  t.is(moves(), 0);
  t.regex((await client.detail(id)).waiting?.message ?? '', /Placement/);
  giveBack();
  const detail = await scenario.finish(id);
  t.is(detail.state, 'MAINTENANCE_DONE', JSON.stringify(detail.reason));
  t.true(moves() > 0);
  t.deepEqual(
    simulator.log.of('move-ended').filter(({ outcome }) => outcome === 'error'),
    [],
  );
  t.deepEqual(
    simulator.report().violations.filter(({ rule }) => rule !== 'over-capacity'),
    [],
  );
});
