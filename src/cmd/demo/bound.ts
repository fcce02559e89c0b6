import type { SessionDetail } from '../../client/index.js';
import { type Resources, subtractResources } from '../../model/index.js';
import type { FleetGroup, FleetHost, FleetInstance, FleetSnapshot } from '../../planner/fleet.js';
import { lowerBound } from '../../planner/lower-bound.js';
import type { Simulator } from '../../simulator/index.js';

/** What the cloud was like before anything was done to it, and how long things take there, in domain seconds. */
export interface Beginning {
  readonly snapshot: FleetSnapshot;
  /** By the action that an instance's project chose. */
  readonly moves: Readonly<Record<string, number>>;
}

export interface Durations {
  readonly actionS: number;
  readonly answerS: number;
  readonly moves: Readonly<Record<string, number>>;
  /** Computes in work at a time. */
  readonly hosts: number;
}

/** Reads the simulated cloud as the planner would see it; groups count where their managers tell of them. */
export function beginningOf(simulator: Simulator, now: Date, durations: Durations, told: boolean): Beginning {
  const { cloud } = simulator;
  const groups = new Map<string, FleetGroup>();
  const used = new Map<string, FleetInstance[]>();
  for (const { id, host, flavor, groupId, projectId } of cloud.instances()) {
    if (host === null) continue;
    const known = told && groupId !== null ? cloud.groups.get(groupId) : undefined;
    const name = known?.id ?? `${projectId}:${flavor.name}`;
    const limits = { maxImpacted: known?.maxImpacted ?? 1, recoveryS: known?.recoveryTime ?? 0 };
    const maxPerHost = known?.policy === 'anti-affinity' ? 1 : 0;
    groups.set(name, { groupId: name, maxPerHost, ...limits, impacts: [] });
    used.set(host, [...(used.get(host) ?? []), resting(id, flavor, name, durations)]);
  }
  const hosts = [...cloud.hosts.values()].map(({ name, zone, capacity, up }): FleetHost => {
    const instances = used.get(name) ?? [];
    const free = instances.reduce<Resources>((left, { resources }) => subtractResources(left, resources), capacity);
    const state = { state: 'waiting', receives: true, down: !up, isCompute: true, since: 0, members: {} } as const;
    return { host: name, zone, sets: [], capacity, free, ...state, actionS: durations.actionS, instances };
  });
  const none = Number.POSITIVE_INFINITY;
  const limits = { migrations: none, perSource: none, perTarget: none, perSet: {}, controllers: 1 };
  return {
    snapshot: {
      now: now.getTime() / 1000,
      hosts,
      groups: [...groups.values()],
      limits: { hosts: durations.hosts, ...limits },
      scaleIn: [],
    },
    moves: durations.moves,
  };
}

/** Seconds below which no schedule gets, for the ways off a host that projects have chosen in that session. */
export function boundFor({ snapshot, moves }: Beginning, { impacts }: SessionDetail): number {
  const chosen = new Map(impacts.map(({ instance_id, action }) => [instance_id, moves[action] ?? 0]));
  const hosts = snapshot.hosts.map((host) => ({
    ...host,
    instances: host.instances.map((one) => ({ ...one, moveS: chosen.get(one.instanceId) ?? 0 })),
  }));
  return lowerBound({ ...snapshot, hosts }).boundS;
}

function resting(
  instanceId: string,
  { vcpus, memoryMb, diskGb }: Resources,
  groupId: string,
  { answerS }: Durations,
): FleetInstance {
  const stage = { way: 'place', phase: 'resting', target: null, at: null, keepsRoom: false, refusedBy: [] } as const;
  return { instanceId, resources: { vcpus, memoryMb, diskGb }, groupId, ...stage, answerS, moveS: 0 };
}
