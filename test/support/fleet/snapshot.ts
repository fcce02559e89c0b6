import type { FleetGroup, FleetHost, FleetInstance, FleetSnapshot } from '../../../src/planner/fleet.js';
import { NO_LIMITS, places } from './cloud.js';

export { NO_LIMITS, places };

export function anInstance(instanceId: string, overrides: Partial<FleetInstance> = {}): FleetInstance {
  return {
    instanceId,
    resources: places(1),
    groupId: `group of ${instanceId}`,
    way: 'place',
    phase: 'resting',
    target: null,
    at: null,
    answerS: 0,
    moveS: 20,
    keepsRoom: false,
    refusedBy: [],
    ...overrides,
  };
}

/** A host of four places; `instances` by name or as they are. */
export function aFleetHost(
  host: string,
  instances: readonly (string | FleetInstance)[] = [],
  overrides: Partial<FleetHost> = {},
): FleetHost {
  const there = instances.map((one) => (typeof one === 'string' ? anInstance(one) : one));
  return {
    host,
    state: 'waiting',
    zone: 'nova',
    sets: [],
    capacity: places(4),
    free: places(4 - there.reduce((sum, { resources }) => sum + resources.vcpus, 0)),
    receives: true,
    down: false,
    isCompute: true,
    actionS: 600,
    since: 0,
    instances: there,
    members: {},
    ...overrides,
  };
}

export function aFleetGroup(groupId: string, overrides: Partial<FleetGroup> = {}): FleetGroup {
  return { groupId, maxImpacted: 1, maxPerHost: 0, recoveryS: 0, impacts: [], ...overrides };
}

export function aFleet(hosts: readonly FleetHost[], overrides: Partial<FleetSnapshot> = {}): FleetSnapshot {
  return { now: 1000, hosts, groups: [], limits: NO_LIMITS, scaleIn: [], ...overrides };
}
