import { fitsIn } from '../../model/index.js';
import type { FleetHost, FleetWait } from '../fleet.js';
import { type Amount, add, amountOf, inWords, nothing } from './amount.js';
import { type Demand, Forecast, type Release } from './forecast.js';
import { inOrder } from './order.js';
import { emptyingS, Source } from './source.js';
import type { FleetStep, ZoneStep } from './step.js';

type Why = Omit<FleetWait, 'host' | 'instanceId'>;

/** Hosts that did not fit after which no more are looked at in a step. */
const TRIES = 12;

const NOT_YET: Why = {
  because: 'no-room-yet',
  message: 'The room that its instances need is not free yet, and would not be in time.',
  lifts: 'Hosts that are out are maintained.',
};
const NO_ROOM: Why = {
  because: 'no-room',
  message: 'No set of maintained hosts has room for its instances.',
  lifts: 'Room is freed: projects scale in, or hosts are added.',
};
/** With the figures where even all that is free would not be enough. */
function noRoom(zone: ZoneStep, host: FleetHost): Why {
  const needs = nothing();
  for (const { resources } of movable(host)) add(needs, resources);
  const free = zone.freeBeside(host);
  if (fitsIn(needs, free)) return NO_ROOM;
  const message =
    `Its instances need ${inWords(needs)} elsewhere, and all other hosts of zone ${zone.name} ` +
    `together have ${inWords(free)} free.`;
  return { ...NO_ROOM, message };
}

const CONTROLLERS: Why = {
  because: 'controllers-first',
  message: 'Controllers are maintained before computes.',
  lifts: 'They are done.',
};

const ARRIVALS: Why = {
  because: 'order',
  message: 'Instances of another host go to it, or are to go there.',
  lifts: 'They have arrived.',
};

interface Candidate {
  readonly host: FleetHost;
  readonly demand: Demand;
  readonly release: Release;
}

/** Begins to empty as many hosts as room and limits allow. */
export function startHosts(step: FleetStep, zone: ZoneStep): void {
  if (zone.waiting.length === 0) return;
  if (step.controllers.some(({ state }) => state === 'waiting' || state === 'in_maintenance')) {
    for (const host of zone.waiting) step.wait(host, undefined, CONTROLLERS);
    return;
  }
  const filled = startEmpty(step, zone);
  // Nobody may begin: who would is not worth the while.
  if (step.hostsOut >= step.snapshot.limits.hosts) {
    for (const host of filled) waitForLimit(step, host);
    return;
  }
  // Mostly there is no room at all: that is seen with less effort than who would come next.
  if (!zone.tight && !zone.hasSpare()) {
    for (const host of filled) step.wait(host, undefined, NOT_YET);
    return;
  }
  const forecast = forecastOf(step, zone);
  if (!zone.tight && !bearsSmallest(step, forecast, filled)) {
    for (const host of filled) step.wait(host, undefined, NOT_YET);
  } else startFull(step, zone, inOrder(step, zone, filled, forecast), forecast);
}

/** Whether the host that wants the least can begin: else nobody can. */
function bearsSmallest(step: FleetStep, forecast: Forecast, hosts: readonly FleetHost[]): boolean {
  let smallest: FleetHost | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const host of hosts) {
    const wants = host.capacity.memoryMb - host.free.memoryMb;
    if (wants >= least) continue;
    least = wants;
    smallest = host;
  }
  if (smallest === undefined) return false;
  const { demand, release } = candidateOf(step, smallest);
  return forecast.bears(demand, release);
}

/** Why a host can't be emptied whatever the room. */
export function unfit(step: FleetStep, zone: ZoneStep, { host, instances }: FleetHost): Why | undefined {
  if (zone.targets.expects(host)) return ARRIVALS;
  const staying = new Map<string, number>();
  for (const { way, instanceId, groupId } of instances) {
    if (way === 'never') {
      const message = `No way leads off it for instance ${instanceId}.`;
      return { because: 'immovable', message, lifts: 'The policy for instances that cannot be moved.' };
    }
    if (way !== 'stays') continue;
    const count = (staying.get(groupId) ?? 0) + 1;
    staying.set(groupId, count);
    const { maxImpacted } = step.groups.of(groupId).group;
    if (count > maxImpacted) {
      const message = `${count} members of group ${groupId} would be stopped together, of at most ${maxImpacted}.`;
      return { because: 'immovable', message, lifts: 'The policy for instances that cannot be moved.' };
    }
  }
  return undefined;
}

/** They cost no room, and give theirs. */
function startEmpty(step: FleetStep, zone: ZoneStep): FleetHost[] {
  const rest: FleetHost[] = [];
  for (const host of zone.waiting) {
    if (host.instances.length > 0 || zone.targets.expects(host.host)) {
      rest.push(host);
      continue;
    }
    if (!waitForLimit(step, host)) start(step, zone, host);
  }
  return rest;
}

/** @returns whether a limit of hosts keeps it waiting */
function waitForLimit(step: FleetStep, host: FleetHost): boolean {
  const full = step.fullLimit(host);
  if (full === undefined) return false;
  step.wait(host, undefined, { ...full, lifts: 'One of them is maintained.' });
  return true;
}

export function start(step: FleetStep, zone: ZoneStep, host: FleetHost): void {
  step.decided.empty.push(host.host);
  step.goesOut(host);
  if (zone.tight) zone.targets.drop(host.host);
}

function startFull(step: FleetStep, zone: ZoneStep, hosts: readonly FleetHost[], forecast: Forecast): void {
  const failed: Amount[] = [];
  let sure = !zone.tight || zone.sources.length > 0;
  for (const host of hosts) {
    if (waitForLimit(step, host)) continue;
    const wants = less(host.capacity, host.free);
    const short = zone.tight && zone.sources.length === 0 && !sure ? noRoom(zone, host) : NOT_YET;
    const hopeless = failed.length >= TRIES || failed.some((smaller) => fitsIn(smaller, wants));
    const unable = hopeless ? short : unfit(step, zone, host);
    if (unable !== undefined) {
      step.wait(host, undefined, unable);
      continue;
    }
    const candidate = candidateOf(step, host);
    const bears = forecast.bears(candidate.demand, candidate.release);
    if (bears && (sure || zone.targets.pack(movable(host), false) !== undefined)) {
      forecast.add(candidate.demand, candidate.release);
      sure = true;
      start(step, zone, host);
    } else {
      failed.push(wants);
      step.wait(host, undefined, short);
    }
  }
}

export const movable = ({ instances }: FleetHost) => instances.filter(({ way }) => way === 'place' || way === 'own');

function candidateOf(step: FleetStep, host: FleetHost): Candidate {
  const { now, groups, snapshot } = step;
  const { perSource } = snapshot.limits;
  const room = nothing();
  const remains = nothing();
  let moves = 0;
  let movesS = 0;
  let answerS = 0;
  for (const { way, resources, moveS, answerS: takes } of host.instances) {
    add(way === 'stays' ? remains : room, resources);
    if (way === 'stays') continue;
    moves += 1;
    movesS += moveS;
    answerS = Math.max(answerS, takes);
  }
  const abreast = Math.min(perSource, Math.max(1, moves));
  const rounds = Math.ceil(moves / abreast);
  const lasts = Math.max(emptyingS(host.instances, perSource, groups), moves === 0 ? 0 : (rounds * movesS) / moves);
  const from = now + answerS;
  const demand = { from, moves, abreast, moveS: moves === 0 ? 0 : lasts / rounds, room };
  return { host, demand, release: { at: from + lasts + host.actionS, room: givenBack(host, remains) } };
}

function forecastOf(step: FleetStep, zone: ZoneStep): Forecast {
  const { now, snapshot } = step;
  const free = nothing();
  for (const target of zone.targets.maintained) add(free, target.free);
  const releases = zone.giving.map((host) => ({ at: backAt(host, now), room: host.leaves ? nothing() : host.free }));
  const going = zone.sources.map((source) => demandOf(source, snapshot.limits.perSource, now));
  const demands = going.map(({ demand }) => demand);
  return new Forecast(free, [...releases, ...going.map(({ release }) => release)], demands, now);
}

/** When a host that is empty or out is expected back; one that is late is given some more time. */
function backAt({ state, since, actionS }: FleetHost, now: number): number {
  const at = state === 'empty' ? now + actionS : since + actionS;
  return at > now ? at : now + 0.25 * actionS;
}

function demandOf(source: Source, perSource: number, now: number): Candidate {
  const { host, pending, pendingS, wanted, busyUntil, acked, asked, resting } = source;
  const answerS = acked.length > 0 || resting.length === 0 ? 0 : asked.length > 0 ? 0 : (resting[0]?.answerS ?? 0);
  const slotAt = source.openPlaces(perSource, now) > 0 ? now : Math.min(...busyUntil);
  const from = Math.max(slotAt, now + answerS);
  const abreast = Math.min(perSource, Math.max(1, pending));
  const moveS = pending === 0 ? 0 : pendingS / pending;
  const lasts = pending === 0 ? Math.max(0, ...busyUntil.map((at) => at - now)) : moveS * Math.ceil(pending / abreast);
  const at = Math.max(from + lasts, ...busyUntil) + host.actionS;
  const demand = { from, moves: pending, abreast, moveS, room: wanted };
  return { host, demand, release: { at, room: givenBack(host, source.remains) } };
}

/** What is to be had of a host once it is maintained. */
function givenBack(host: FleetHost, remains: Amount): Amount {
  return host.leaves ? nothing() : less(host.capacity, remains);
}

function less(a: FleetHost['capacity'], b: FleetHost['capacity']): Amount {
  const amount = amountOf(a);
  add(amount, b, -1);
  return amount;
}
