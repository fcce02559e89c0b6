import type { NewSession } from '../../../src/client/index.js';
import type { Random } from '../../../src/common/random.js';
import type { Values } from '../../../src/config/index.js';
import type { Reach } from '../../../src/model/index.js';
import type { Topology } from '../../../src/simulator/index.js';
import { between, onceIn, oneIn } from './knobs.js';

/** `ask` ends by itself as well: nobody answers, and after `ask_timeout` it is as `fail`. */
const REACHES: readonly Reach[] = ['fail', 'fail', 'skip_host', 'skip_host', 'force', 'force', 'ask'];

/** What an operator wrote into the configuration: times that a small cloud needs, and how far failures reach. */
export function randomOptions(random: Random): Values {
  return {
    DEFAULT: {
      project_maintenance_reply: random.pick([20, 40]),
      notify_retries: random.int(3),
      cold_migration_timeout: 90,
      live_migration_wait_time: 60,
      live_migration_retries: random.int(3),
      own_action_timeout: 120,
      busy_timeout: 300,
      blocked_timeout: 600,
    },
    engine: { cloud_poll_interval: random.pick([3, 5, 8]), sweep_interval: 10 },
    workflow: {
      nack: random.pick(REACHES),
      silence: random.pick(REACHES),
      instance_failed: random.pick(REACHES),
      plugin_failed: random.pick(REACHES),
      immovable: random.pick(['fail', 'skip_host']),
      down_hosts: random.pick(['exclude', 'exclude', 'exclude', 'fail']),
      no_manager: random.pick(['fail', 'proceed']),
      default_recovery_time: random.int(3) * 10,
      ask_timeout: 120,
      ...onceIn(random, 4, () => ({ failure_budget: random.int(2) })),
      ...onceIn(random, 12, () => ({ constraints: 'require' })),
    },
  };
}

/** What an admin asks for beyond the operator's defaults: to reach what others leave out. */
export function randomPolicy(random: Random): Partial<NewSession> {
  const policy = {
    ...onceIn(random, 3, () => ({ down_hosts: 'evacuate' as const })),
    ...onceIn(random, 3, () => ({ immovable: 'stop_while_out' as const })),
    ...onceIn(random, 4, () => ({ steer_new: 'disable_waiting' as const })),
    ...onceIn(random, 2, () => ({ hold_room: 'placeholders' as const })),
  };
  return Object.keys(policy).length > 0 ? { policy } : {};
}

/** What an admin asks for. */
export function randomSession(random: Random, topology: Topology): Partial<NewSession> {
  const names = topology.hosts.map(({ name }) => name);
  const failing = oneIn(random, 4) ? [random.pick(names)] : [];
  const metadata = { duration: random.int(60), fail_on: failing, ...onceIn(random, 3, () => ({ fail_times: 1 })) };
  return {
    actions: [
      { plugin: 'noop', type: 'host', metadata },
      ...(oneIn(random, 4) ? [{ plugin: 'noop', type: 'compute', metadata: { duration: 5 } } as const] : []),
      ...(oneIn(random, 6) ? [{ plugin: 'noop', type: 'pre', metadata: { duration: 5 } } as const] : []),
      ...(oneIn(random, 6) ? [{ plugin: 'noop', type: 'post', metadata: { duration: 5 } } as const] : []),
    ],
    ...onceIn(random, 3, () => narrowed(random, topology)),
    ...onceIn(random, 3, () => ({ limits: { migrations_per_host: between(random, 1, 2) } })),
    ...onceIn(random, 6, () => ({ limits: { migrations: '50%' } })),
  };
}

function narrowed(random: Random, { hosts, controllers }: Topology): Partial<NewSession> {
  const names = hosts.map(({ name }) => name);
  switch (random.int(4)) {
    case 0:
      return { hosts: names.filter(() => random.int(3) > 0) };
    case 1:
      return { scope: { zone: random.pick(hosts).zone ?? 'nova' } };
    case 2:
      return { scope: { exclude_hosts: [random.pick(names)] } };
    default:
      return { hosts: [...(controllers ?? []), random.pick(names), 'a-store-of-disks'] };
  }
}
