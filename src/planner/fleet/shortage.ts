import { compareResources } from '../../model/index.js';
import type { FleetHost, FleetInstance, ScaleInCandidate } from '../fleet.js';
import { amountOf, byName } from './amount.js';
import { pendingOf } from './lead.js';
import { movable, start, unfit } from './starts.js';
import type { FleetStep, ZoneStep } from './step.js';
import type { Target } from './targets.js';

/** Hosts that are looked at when room is short; the least filled first. */
const LOOKED_AT = 24;

/**
 * Nothing goes on in a zone, and no host's instances fit onto maintained ones. First choice: the host that becomes empty
 * with the fewest moves to hosts that are not maintained yet (L12). Else the smallest scale-in that frees one (V5).
 * @returns whether anything was found
 */
export function relieve(step: FleetStep, zone: ZoneStep): boolean {
  const emptying = zone.sources.map((source) => ({ host: source.host, instances: pendingOf(source) }));
  const waiting = candidates(step, zone).map((host) => ({ host, instances: movable(host) }));
  if (zone.sources.length === 0) {
    const begun = step.decided.empty.length;
    if (step.firstWave(zone)) together(step, zone, waiting);
    else {
      const host = cheapest(zone, waiting);
      if (host !== undefined) start(step, zone, host);
    }
    if (step.decided.empty.length > begun) return true;
  }
  return scaleIn(step, zone, emptying.length > 0 ? emptying : waiting);
}

interface Emptied {
  readonly host: FleetHost;
  readonly instances: readonly FleetInstance[];
}

function candidates(step: FleetStep, zone: ZoneStep): FleetHost[] {
  return zone.waiting
    .filter((host) => unfit(step, zone, host) === undefined && step.fullLimit(host) === undefined)
    .sort((a, b) => leavesLast(a, b) || a.instances.length - b.instances.length || byName(a.host, b.host))
    .slice(0, LOOKED_AT);
}

/** Those that give no room back. */
const leavesLast = (a: FleetHost, b: FleetHost): number => Number(a.leaves ?? false) - Number(b.leaves ?? false);

function cheapest(zone: ZoneStep, hosts: readonly Emptied[]): FleetHost | undefined {
  let best: { readonly host: FleetHost; readonly second: number } | undefined;
  for (const { host, instances } of hosts) {
    const places = zone.targets.pack(excluding(instances, host), true);
    if (places === undefined) continue;
    const second = [...places.values()].filter(({ waiting }) => waiting).length;
    const isBetter = best === undefined || (leavesLast(host, best.host) || second - best.second) < 0;
    if (isBetter) best = { host, second };
  }
  return best?.host;
}

/** As many as find places together on the others. */
function together(step: FleetStep, zone: ZoneStep, hosts: readonly Emptied[]): void {
  const names: string[] = [];
  const instances: FleetInstance[] = [];
  for (const { host, instances: more } of hosts) {
    if (step.fullLimit(host) !== undefined) continue;
    const away = [...names, host.host];
    const all = [...instances, ...more].map((one) => ({
      ...one,
      target: null,
      refusedBy: [...one.refusedBy, ...away],
    }));
    if (zone.targets.pack(all, true) === undefined) break;
    names.push(host.host);
    instances.push(...more);
    start(step, zone, host);
  }
}

/** The host itself is no place for what leaves it. */
const excluding = (instances: readonly FleetInstance[], { host }: FleetHost): FleetInstance[] =>
  instances.map((instance) => ({ ...instance, target: null, refusedBy: [...instance.refusedBy, host] }));

function scaleIn(step: FleetStep, zone: ZoneStep, hosts: readonly Emptied[]): boolean {
  const inZone = step.snapshot.scaleIn.filter((candidate) => candidate.zone === zone.name);
  let best: ScaleInCandidate[] | undefined;
  for (const { host, instances } of hosts) {
    const found = smallest(zone, excluding(instances, host), inZone, host.host);
    if (found !== undefined && (best === undefined || found.length < best.length)) best = found;
  }
  if (best === undefined || best.length === 0) return false;
  for (const projectId of new Set(best.map((candidate) => candidate.projectId))) {
    const instanceIds = best.filter((one) => one.projectId === projectId).map(({ instanceId }) => instanceId);
    step.decided.scaleIn.push({ projectId, instanceIds });
  }
  return true;
}

/** Whom to take away so that the others have a place; undefined if that is not enough either. */
function smallest(
  zone: ZoneStep,
  instances: readonly FleetInstance[],
  all: readonly ScaleInCandidate[],
  host: string,
): ScaleInCandidate[] | undefined {
  const spare = new Map<string, number>();
  for (const { groupId, spare: left } of all) spare.set(groupId, left);
  const gone: ScaleInCandidate[] = [];
  const may = ({ groupId }: ScaleInCandidate) => (spare.get(groupId) ?? 0) > 0;
  const take = (candidate: ScaleInCandidate) => {
    gone.push(candidate);
    spare.set(candidate.groupId, (spare.get(candidate.groupId) ?? 0) - 1);
  };
  const own = all.filter((candidate) => candidate.host === host).sort(largest);
  const elsewhere = all
    .filter((candidate) => candidate.host !== host && zone.targets.of(candidate.host) !== undefined)
    .sort(largest);
  const freed: [Target, ScaleInCandidate][] = [];
  let left = [...instances];
  let places = zone.targets.pack(left, true);
  // Each one that goes from the host itself is one less to place; one elsewhere opens its place.
  for (const candidate of [...own, ...elsewhere]) {
    if (places !== undefined) break;
    if (!may(candidate)) continue;
    take(candidate);
    const target = candidate.host === host ? undefined : zone.targets.of(candidate.host);
    if (target === undefined) left = left.filter(({ instanceId }) => instanceId !== candidate.instanceId);
    else {
      zone.targets.open(target, amountOf(candidate.resources));
      freed.push([target, candidate]);
    }
    places = zone.targets.pack(left, true);
  }
  const enough = places !== undefined ? needed(zone, instances, gone, freed, host) : undefined;
  for (const [target, { resources }] of freed) zone.targets.close(target, resources);
  return enough;
}

/** Without those that turn out not to be needed. */
function needed(
  zone: ZoneStep,
  instances: readonly FleetInstance[],
  gone: readonly ScaleInCandidate[],
  freed: readonly [Target, ScaleInCandidate][],
  host: string,
): ScaleInCandidate[] {
  let kept = [...gone];
  for (const candidate of [...gone].reverse()) {
    const fewer = kept.filter((one) => one !== candidate);
    const ids = new Set(fewer.filter((one) => one.host === host).map(({ instanceId }) => instanceId));
    const target = freed.find(([, one]) => one === candidate)?.[0];
    if (target !== undefined) zone.targets.close(target, candidate.resources);
    const left = instances.filter(({ instanceId }) => !ids.has(instanceId));
    if (zone.targets.pack(left, true) !== undefined) kept = fewer;
    if (target !== undefined) zone.targets.open(target, candidate.resources);
  }
  return kept;
}

const largest = (a: ScaleInCandidate, b: ScaleInCandidate): number =>
  compareResources(b.resources, a.resources) || byName(a.instanceId, b.instanceId);
