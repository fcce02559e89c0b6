import { addResources, fitsIn, NO_RESOURCES, type Resources } from '../../../src/model/index.js';
import type { Cloud } from '../../../src/simulator/index.js';
import type { Run } from './run.js';

type Instance = ReturnType<Cloud['instances']>[number];
type Host = { readonly name: string; readonly zone: string; readonly capacity: Resources };

/**
 * Whether the cloud, as it is now, has room for everything on one of the hosts that are still to be maintained, on
 * hosts where instances may be sent: by trying every way, with none of the product's rules for planning.
 */
export function couldBeEmptied({ hosts, simulator: { cloud } }: Run): boolean {
  const computes = hosts.filter(({ isCompute, excluded }) => isCompute && excluded === null);
  const through = computes.filter(({ maintained, state }) => maintained || state === 'skipped');
  const receivers = [...cloud.hosts.values()].filter(({ enabled, up }) => enabled && up);
  const done = receivers.filter(({ name }) => through.some(({ hostname }) => hostname === name));
  return computes
    .filter(({ state }) => state === 'waiting' || state === 'emptying')
    .some(({ hostname }) => {
      const there = cloud.instances().filter(({ host }) => host === hostname);
      const targets = (done.length > 0 ? done : receivers).filter(({ name }) => name !== hostname);
      return packed(cloud, there, targets, new Map());
    });
}

function packed(cloud: Cloud, [first, ...rest]: readonly Instance[], targets: readonly Host[], added: Placed): boolean {
  if (first === undefined) return true;
  return targets.some((host) => {
    const placed = [...(added.get(host.name) ?? []), first];
    if (!accepts(cloud, host, placed)) return false;
    return packed(cloud, rest, targets, new Map(added).set(host.name, placed));
  });
}

type Placed = ReadonlyMap<string, readonly Instance[]>;

function accepts(cloud: Cloud, { name, zone, capacity }: Host, placed: readonly Instance[]): boolean {
  const wanted = placed.reduce((sum, { flavor }) => addResources(sum, flavor), NO_RESOURCES);
  if (!fitsIn(addResources(wanted, cloud.allocations.used(name)), capacity)) return false;
  // Before 2.96 Nova tells nobody which instances are pinned to their zone.
  if (placed.some(({ host }) => cloud.hosts.get(host ?? '')?.zone !== zone)) return false;
  const groups = [...placed, ...cloud.instances().filter(({ host }) => host === name)].flatMap(({ groupId }) =>
    groupId !== null && cloud.groups.get(groupId)?.policy === 'anti-affinity' ? [groupId] : [],
  );
  return new Set(groups).size === groups.length;
}
