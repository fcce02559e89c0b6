import { fileURLToPath } from 'node:url';
import type { NewAction, NewSession } from '../../src/client/index.js';
import { createRandom, type Random } from '../../src/common/random.js';
import type { Values } from '../../src/config/index.js';
import {
  type Dialect,
  generateTopology,
  type HttpFault,
  parseTopology,
  type Topology,
} from '../../src/simulator/index.js';
import { between, onceIn, oneIn } from '../support/random-cloud/knobs.js';
import { WEATHERS, type Weather } from './weather.js';

/** Machine seconds in which disturbances begin. */
const STORM_S = 60;

/** How a process or server is harmed; it is back `forS` later. */
export type Disturbance = { readonly atS: number; readonly forS: number } & (
  | { readonly what: 'kill-engine' | 'end-engine' | 'stop-engine' | 'kill-api'; readonly which: number }
  | { readonly what: 'kill-mariadb' | 'kill-rabbitmq' }
  | { readonly what: 'weather'; readonly name: Weather; readonly http: readonly HttpFault[] }
  | { readonly what: 'pause'; readonly which: number }
);

export interface PlannedSession {
  /** Machine seconds after the beginning of the wave. */
  readonly afterS: number;
  readonly request: Omit<NewSession, 'maintenance_at'>;
}

/** A cloud, sessions that share its groups, and what befalls them. Times are the machine's, from the wave's beginning. */
export interface WavePlan {
  readonly seed: number;
  readonly topology: Topology;
  readonly options: Values;
  readonly sessions: readonly PlannedSession[];
  readonly disturbances: readonly Disturbance[];
}

/** All of it from the seed. @param folder where the plug-in `ledger` leaves its marks */
export function planWave(seed: number, folder: string): WavePlan {
  const random = createRandom(seed);
  const topology = cloud(random, seed);
  const parts = oneIn(random, 3) ? 3 : 2;
  const hosts = dealt(random, topology);
  const sessions = Array.from({ length: parts }, (_, part): PlannedSession => {
    const own = hosts.filter((_host, index) => index % parts === part);
    return { afterS: part === 0 ? 0 : random.int(8), request: session(random, own, folder) };
  });
  return { seed, topology, options: OPTIONS, sessions, disturbances: disturbances(random, sessions.length) };
}

/**
 * The hosts in the order in which they go to one session after the other. Either each of two gets an empty one, and
 * moves within its own hosts, or chance decides, and they move onto each other's.
 */
function dealt(random: Random, { hosts, projects }: Topology): string[] {
  const names = random.shuffle(hosts.map(({ name }) => name));
  if (oneIn(random, 2)) return names;
  const used = new Set(projects.flatMap(({ instances = [] }) => instances.map(({ host }) => host)));
  return [...names.filter((name) => !used.has(name)), ...names.filter((name) => used.has(name))];
}

/**
 * Times of domain time are long, since a restart of anything takes a minute of it: what is shown is that outages are
 * survived, not that they are taken for somebody's silence.
 */
const OPTIONS: Values = {
  DEFAULT: {
    plugin_path: fileURLToPath(new URL('./plugins', import.meta.url)),
    project_maintenance_reply: 400,
    project_scale_in_reply: 400,
    notify_retries: 3,
    cold_migration_timeout: 900,
    live_migration_wait_time: 600,
    own_action_timeout: 1200,
    busy_timeout: 1800,
    blocked_timeout: 2400,
  },
  engine: { cloud_poll_interval: 10 },
  // Shorter than the answers that come late in some weathers.
  nova: { timeout: 5 },
  placement: { timeout: 5 },
  aodh: { timeout: 5 },
  workflow: { instance_failed: 'skip_host', plugin_failed: 'skip_host' },
};

const DIALECTS: readonly Dialect[] = ['reference', 'reference', 'reference', 'list', 'url', 'slow'];
const ACTIONS = ['MIGRATE', 'MIGRATE', 'MIGRATE', 'LIVE_MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] as const;

/** Projects are spread wide, so each group has members on hosts of each session. */
function cloud(random: Random, seed: number): Topology {
  const hosts = between(random, 6, 8);
  const used = hosts - 2;
  const projects = between(random, 2, 3);
  const instances = between(random, used + 2, 2 * used + 1);
  const generated = generateTopology({
    hosts,
    emptyHosts: 2,
    instances,
    projects,
    seed,
    controllers: 0,
    constraints: { maxImpacted: between(random, 1, 2), recoveryTime: random.int(3) * 20 },
    antiAffinity: Math.ceil(instances / projects) <= used && !oneIn(random, 3),
    timings: {
      coldMigration: between(random, 20, 80),
      liveMigration: between(random, 20, 60),
      disabledTraitLag: random.int(8),
      ...onceIn(random, 3, () => ({ allocationLag: between(random, 1, 20) })),
    },
  });
  return parseTopology({
    ...generated,
    projects: generated.projects.map((project) => ({
      ...project,
      manager: {
        dialect: random.pick(DIALECTS),
        action: random.pick(ACTIONS),
        constraints: true,
        patienceS: 600,
        answerAfter: between(random, 1, 40),
      },
    })),
    faults: {
      seed,
      ...onceIn(random, 2, () => ({ moves: { [random.pick(['fail', 'fail', 'elsewhere', 'error'])]: 0.1 } })),
    },
  });
}

function session(random: Random, hosts: readonly string[], folder: string): PlannedSession['request'] {
  const metadata = () => ({ folder, duration: between(random, 10, 80) });
  const broken = onceIn(random, 4, () => ({ fail_on: [random.pick(hosts)] }));
  const action = (type: NewAction['type'], more = {}): NewAction => ({
    plugin: 'ledger',
    type,
    metadata: { ...metadata(), ...more },
  });
  return {
    state: 'MAINTENANCE',
    metadata: {},
    hosts,
    actions: [
      action('host', broken),
      ...(oneIn(random, 3) ? [action('compute')] : []),
      ...(oneIn(random, 4) ? [action('pre')] : []),
      ...(oneIn(random, 4) ? [action('post')] : []),
    ],
    ...onceIn(random, 4, () => ({ limits: { migrations_per_host: between(random, 1, 2) } })),
    ...onceIn(random, 2, () => ({ workflow: 'vnf' })),
  };
}

function disturbances(random: Random, sessions: number): readonly Disturbance[] {
  const planned: Disturbance[] = [];
  for (let atS = 1 + random.int(3); atS < STORM_S; atS += random.int(50) / 10)
    planned.push(disturbance(random, atS, sessions));
  return planned;
}

const HARM = [
  'kill-engine',
  'kill-engine',
  'kill-engine',
  'kill-engine',
  'stop-engine',
  'stop-engine',
  'stop-engine',
  'end-engine',
  'kill-api',
  'kill-api',
  'kill-mariadb',
  'kill-mariadb',
  'kill-rabbitmq',
  'weather',
  'weather',
  'weather',
  'weather',
  'pause',
] as const;

function disturbance(random: Random, atS: number, sessions: number): Disturbance {
  const what = random.pick(HARM);
  const tenths = (least: number, most: number): number => between(random, 10 * least, 10 * most) / 10;
  switch (what) {
    case 'kill-mariadb':
    case 'kill-rabbitmq':
      return { atS, what, forS: tenths(0, 4) };
    case 'weather': {
      const name = random.pick(Object.keys(WEATHERS) as Weather[]);
      return { atS, what, name, http: WEATHERS[name], forS: tenths(2, 8) };
    }
    case 'pause':
      return { atS, what, which: random.int(sessions), forS: tenths(1, 8) };
    case 'stop-engine':
      // Past its lease more often than not.
      return { atS, what, which: random.int(2), forS: tenths(1, 9) };
    default:
      return { atS, what, which: random.int(2), forS: tenths(0, 6) };
  }
}
