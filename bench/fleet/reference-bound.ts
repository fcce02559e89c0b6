import type { CloudHost, FleetCloud } from '../../test/support/fleet/cloud.js';

/**
 * The plainest bound of equal flavors, in slots: one host's own chain, hosts at a time without their emptying, and room. It
 * is what the figures of an ideal model of slots were taken by, so policies are held against those by it, and by `lowerBound`
 * in everything else.
 */
export function referenceBound({ hosts, limits }: FleetCloud): number {
  const free = sum(hosts.map((host) => host.capacity.vcpus - usedOn(host)));
  const chain = Math.max(...hosts.map((host) => emptyingOf(host, limits.perSource) + host.actionS));
  const abreast = sum(hosts.map(({ actionS }) => actionS)) / limits.hosts;
  return Math.max(chain, abreast, sum(hosts.map((host) => lockedBy(host, limits.perSource))) / free);
}

function lockedBy(host: CloudHost, perSource: number): number {
  const { capacity, actionS, instances } = host;
  const moves = instances.length;
  const moveS = moves === 0 ? 0 : sum(instances.map((instance) => instance.moveS)) / moves;
  const unused = capacity.vcpus - usedOn(host);
  const left = (usedOn(host) * moveS * (Math.ceil(moves / perSource) + 1)) / 2;
  return capacity.vcpus * actionS + unused * emptyingOf(host, perSource) + (moves === 0 ? 0 : left);
}

const emptyingOf = ({ instances }: CloudHost, perSource: number): number =>
  sum(instances.map(({ moveS }) => moveS)) / perSource;

const usedOn = ({ instances }: CloudHost): number => sum(instances.map(({ resources }) => resources.vcpus));

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
