import type { NewSession } from '../../../src/client/index.js';
import { createRandom } from '../../../src/common/random.js';
import type { Values } from '../../../src/config/index.js';
import type { FaultSettings } from '../../../src/messaging/faults.js';
import type { Topology } from '../../../src/simulator/index.js';
import { type Act, randomActs } from './acts.js';
import { randomBroker } from './faults.js';
import { oneIn } from './knobs.js';
import { randomTopology } from './topology.js';
import { randomOptions, randomPolicy, randomSession } from './wishes.js';

export interface RandomCloud {
  readonly topology: Topology;
  /** Of Fenix, by section. */
  readonly options: Values;
  readonly session: Partial<NewSession>;
  readonly broker: FaultSettings | undefined;
  readonly acts: readonly Act[];
  /** Whether an admin lets a session that failed go on, once. */
  readonly continues: boolean;
}

export type ShippedWorkflow = 'default' | 'vnf';

/** A small cloud with its faults and projects' managers, an admin's wishes and a broker's moods, all from the seed. */
export function randomCloud(seed: number, workflow: ShippedWorkflow = 'default'): RandomCloud {
  const random = createRandom(seed);
  const topology = randomTopology(random, seed);
  return {
    topology,
    options: randomOptions(random),
    session: { workflow, ...randomSession(random, topology), ...randomPolicy(createRandom(seed + 1_000_000)) },
    broker: randomBroker(random, seed),
    acts: randomActs(random, topology),
    continues: oneIn(random, 3),
  };
}
