import type { Resources } from '../../model/index.js';
import type { FleetHost } from '../fleet.js';
import { add, byName, nothing } from './amount.js';
import { type EndingWork, soonestOrder } from './ending.js';
import type { Forecast } from './forecast.js';
import type { FleetStep, ZoneStep } from './step.js';

/** In which order hosts with instances begin; those that give no room back come last. */
export function inOrder(step: FleetStep, zone: ZoneStep, hosts: readonly FleetHost[], forecast: Forecast): FleetHost[] {
  const isLast = ({ leaves = false, down }: FleetHost): boolean => leaves && !down;
  const leaving = hosts.filter(isLast);
  if (leaving.length === 0) return ordered(step, zone, hosts, forecast);
  const staying = hosts.filter((host) => !isLast(host));
  return [...ordered(step, zone, staying, forecast), ...ordered(step, zone, leaving, forecast)];
}

/**
 * Those that are down come first, since their instances count as impacted. Longer ones come before shorter ones, so that
 * none of them is left over for the end. Three things stand against that:
 *
 * - Hosts with room of their own, once done, give more than they took, and all others go faster.
 * - Of hosts that are as long as each other all become free together, and room lies idle while the next ones are emptied.
 *   Where emptying takes much of the time, the long and the short take turns instead (docs/makespan.md).
 * - Towards the end it is looked up in which order all are done the soonest.
 */
function ordered(step: FleetStep, zone: ZoneStep, hosts: readonly FleetHost[], forecast: Forecast): FleetHost[] {
  const { hosts: most, perSource } = step.snapshot.limits;
  const lengths = new Map(hosts.map((host) => [host, lengthOf(host, perSource)]));
  const lengthS = (host: FleetHost): number => lengths.get(host) ?? 0;
  const of = scarcest(hosts, forecast.total);
  const together = (forecast.total[of] * hosts.length) / sum(hosts, ({ capacity }) => capacity[of]);
  const abreast = Math.min(most, together);
  if (hosts.length <= Math.min(MOST_AT_END, ENDING_ROUNDS * abreast) && !hosts.some(({ down }) => down)) {
    const byLength = sorted(hosts, lengthS);
    // What is scarce is leave to be out, or room. Of several zones each sees only its own hosts come back.
    if (most < together && step.zones.length === 1) {
      const back = forecast.expected.slice(1).map(({ at }) => ({ at, room: 1 }));
      const expected = [{ at: step.now, room: most - step.hostsOut }, ...back];
      return soonestOrder(byLength, (host) => ({ wants: 1, gives: 1, lastsS: lengthS(host) }), expected);
    }
    const expected = forecast.expected.map(({ at, room }) => ({ at, room: room[of] }));
    return soonestOrder(byLength, (host) => workOf(host, of, lengthS(host)), expected);
  }
  const actionsS = sum(hosts, ({ actionS }) => actionS);
  if (sum(hosts, lengthS) - actionsS < LONG_EMPTYING * actionsS) return sorted(hosts, lengthS);
  const turns = turnsOf(step, zone);
  return sorted(hosts, ({ host }) => turns.get(host) ?? 0);
}

/** Hosts that each place for one will still see, from which on the end is looked at; by trial. */
const ENDING_ROUNDS = 5;
/** It takes time that grows with their square. */
const MOST_AT_END = 200;
/** Part of the actions' time, from which on emptying is long. */
const LONG_EMPTYING = 0.2;

function sorted(hosts: readonly FleetHost[], lengthOf: (host: FleetHost) => number): FleetHost[] {
  const weighed = hosts.map((host) => ({ host, weight: lengthOf(host) * (1 + FREE_ROOM * freePart(host)) }));
  weighed.sort((a, b) => {
    const down = Number(b.host.down) - Number(a.host.down);
    return down || b.weight - a.weight || byName(a.host.host, b.host.host);
  });
  return weighed.map(({ host }) => host);
}

const freePart = ({ free, capacity }: FleetHost): number =>
  Math.min(free.vcpus / capacity.vcpus, free.memoryMb / capacity.memoryMb);

/** By trial (docs/makespan.md): a host that is empty by a tenth counts as twice as long. */
const FREE_ROOM = 10;

/**
 * Turns by which any few hosts in a row are of all lengths: multiples of the golden ratio never come near each other. They are
 * given to all hosts of the session, so that they stay while hosts are done.
 */
function turnsOf({ snapshot }: FleetStep, zone: ZoneStep): Map<string, number> {
  const ours = snapshot.hosts.filter((host) => host.zone === zone.name && host.isCompute && host.state !== 'outside');
  ours.sort((a, b) => b.actionS - a.actionS || byName(a.host, b.host));
  return new Map(ours.map(({ host }, index) => [host, 1.5 - ((index * GOLDEN) % 1)]));
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

function lengthOf({ actionS, instances }: FleetHost, perSource: number): number {
  const abreast = Math.min(perSource, Math.max(1, instances.length));
  return actionS + Math.ceil(instances.length / abreast) * (instances[0]?.moveS ?? 0);
}

function workOf({ capacity, free, leaves }: FleetHost, of: keyof Resources, lastsS: number): EndingWork {
  return { wants: capacity[of] - free[of], gives: leaves ? 0 : capacity[of], lastsS };
}

/** Of what the hosts will have the least, beside what they want. */
function scarcest(hosts: readonly FleetHost[], total: Resources): keyof Resources {
  const wanted = nothing();
  for (const { capacity, free } of hosts) {
    add(wanted, capacity);
    add(wanted, free, -1);
  }
  const part = (of: keyof Resources) => (wanted[of] === 0 ? Number.POSITIVE_INFINITY : total[of] / wanted[of]);
  return RESOURCES.reduce((least, of) => (part(of) < part(least) ? of : least), 'vcpus');
}

const RESOURCES: readonly (keyof Resources)[] = ['vcpus', 'memoryMb', 'diskGb'];

const sum = (hosts: readonly FleetHost[], of: (host: FleetHost) => number): number =>
  hosts.reduce((total, host) => total + of(host), 0);
