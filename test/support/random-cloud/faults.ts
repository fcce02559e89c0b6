import type { Random } from '../../../src/common/random.js';
import { type FaultSettings, isCast } from '../../../src/messaging/faults.js';
import type { FaultPlan, HttpFault } from '../../../src/simulator/index.js';
import { onceIn } from './knobs.js';

/** Without a token nobody can do anything, the API not even answer: that is a fault of its own. */
const NOT_KEYSTONE = '^/(?!identity/)';

/** What Fenix's requests meet: each alone is survived by trying again, by looking, or by an honest failure. */
const HTTP: readonly HttpFault[] = [
  { rate: 0.04, kind: 'status', status: 500, calls: 'reads', path: NOT_KEYSTONE },
  { rate: 0.1, kind: 'status', status: 500, calls: 'writes', service: 'compute' },
  { rate: 0.08, kind: 'status', status: 503, path: NOT_KEYSTONE },
  { rate: 0.1, kind: 'status', status: 429, retryAfter: 2, service: 'compute' },
  { rate: 0.1, kind: 'status', status: 429, service: 'placement' },
  { rate: 0.1, kind: 'status', status: 504, calls: 'writes', service: 'compute' },
  { rate: 0.1, kind: 'status', status: 409, calls: 'writes', service: 'compute' },
  { rate: 0.2, kind: 'status', status: 503, service: 'identity' },
  { rate: 0.06, kind: 'reset', path: NOT_KEYSTONE },
  { rate: 0.25, kind: 'reset-after', calls: 'writes', service: 'compute' },
  { rate: 0.03, kind: 'reset-after', calls: 'reads', path: NOT_KEYSTONE },
  { rate: 0.05, kind: 'slow', delayMs: 3 },
];

/** Most clouds have none or one kind of it, few have all. */
export function randomFaults(random: Random, seed: number): FaultPlan {
  return {
    seed,
    ...onceIn(random, 3, () => ({ http: random.shuffle(HTTP).slice(0, 1 + random.int(3)) })),
    ...onceIn(random, 5, () => ({ moves: { [random.pick(['fail', 'error', 'stuck', 'elsewhere'])]: 0.2 } })),
    ...onceIn(random, 8, () => ({ lostAlarms: 0.15 })),
  };
}

/** A broker that loses, doubles and delays what is only a hint, and one whose confirmations get lost. */
export function randomBroker(random: Random, seed: number): FaultSettings | undefined {
  switch (random.int(6)) {
    case 0:
    case 1:
      return { seed, loss: 0.3, duplicates: 0.3, delay: { maxTurns: 5 }, reorder: true, appliesTo: isCast };
    case 2:
      return { seed, unconfirmed: 0.2, duplicates: 0.1, delay: { maxTurns: 5 } };
    default:
      return undefined;
  }
}
