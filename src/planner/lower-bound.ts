import { NO_RESOURCES, type Resources } from '../model/index.js';
import { GroupBook } from './fleet/groups.js';
import { onceBound } from './fleet/once.js';
import { emptyingS } from './fleet/source.js';
import type { FleetHost, FleetInstance, FleetSnapshot } from './fleet.js';

/** What bounds a session's makespan from below; docs/makespan.md has a proof of each. */
export type BoundKind = 'chain' | 'hosts' | 'set' | 'room' | 'serial' | 'migrations' | 'group';

export interface LowerBound {
  /** Seconds from the first notice that no schedule can do without. */
  readonly boundS: number;
  /** The one that is largest. */
  readonly by: BoundKind;
  readonly all: Readonly<Record<BoundKind, number>>;
  /**
   * The same for schedules that move each instance once, onto maintained hosts or such as are not of the session (L12), but
   * for `movedAgain`; Infinity where there is no such schedule.
   */
  readonly onceS: number;
}

/**
 * Bound of what is left to do in a snapshot in which nothing has begun. Where projects scale in or act by themselves, or
 * others use the cloud meanwhile, `room`, `serial` and `group` are estimates (docs/makespan.md).
 * @param movedAgain what the instances take that may move a second time, for `onceS`
 */
export function lowerBound(snapshot: FleetSnapshot, movedAgain: Resources = NO_RESOURCES): LowerBound {
  const hosts = workOf(snapshot);
  const all: Record<BoundKind, number> = {
    chain: max(hosts.map(({ answerS, emptyS, host }) => answerS + emptyS + host.actionS)),
    hosts: sum(hosts.map(outS)) / snapshot.limits.hosts,
    set: setBound(snapshot, hosts),
    room: max(zonesOf(snapshot, hosts).map((zone) => max(RESOURCES.map((of) => roomBound(zone, of))))),
    serial: max(zonesOf(snapshot, hosts).map((zone) => max(RESOURCES.map((of) => serialBound(zone, of))))),
    migrations:
      sum(hosts.flatMap(({ moved }) => moved.map(({ moveS, way }) => (way === 'own' ? 0 : moveS)))) /
      snapshot.limits.migrations,
    group: groupBound(snapshot, hosts),
  };
  const kinds = Object.keys(all) as BoundKind[];
  const by = kinds.reduce((best, kind) => (all[kind] > all[best] ? kind : best), 'chain');
  const once = zonesOf(snapshot, hosts).map((zone) => max(RESOURCES.map((of) => onceIn(zone, of, movedAgain[of]))));
  return { boundS: all[by], by, all, onceS: max([all[by], ...once]) };
}

type Of = keyof Resources;
const RESOURCES: readonly Of[] = ['vcpus', 'memoryMb', 'diskGb'];

interface Work {
  readonly host: FleetHost;
  /** Who leaves it. */
  readonly moved: readonly FleetInstance[];
  /** Before the first of them can begin. */
  readonly answerS: number;
  /** From the first move to the end of the last one. */
  readonly emptyS: number;
  readonly perSource: number;
}

interface Zone {
  readonly works: readonly Work[];
  readonly free: (of: Of) => number;
  /** Free on hosts that are not to be maintained, or are so already. */
  readonly outside: (of: Of) => number;
}

function workOf(snapshot: FleetSnapshot): Work[] {
  const { perSource } = snapshot.limits;
  const groups = new GroupBook(snapshot);
  const ours = snapshot.hosts.filter(({ state, isCompute }) => isCompute && !ENDED.has(state));
  return ours.map((host) => {
    const moved = host.instances.filter(({ way }) => way === 'place' || way === 'own');
    const answerS = moved.length === 0 ? 0 : Math.min(...moved.map((instance) => instance.answerS));
    return { host, moved, answerS, emptyS: emptyingS(moved, perSource, groups), perSource };
  });
}

const ENDED: ReadonlySet<string> = new Set(['done', 'lost', 'outside']);

const outS = ({ emptyS, host }: Work): number => emptyS + host.actionS;

function setBound({ limits }: FleetSnapshot, works: readonly Work[]): number {
  const bySet = Object.entries(limits.perSet);
  return max(bySet.map(([set, most]) => sum(works.filter(({ host }) => host.sets.includes(set)).map(outS)) / most));
}

function zonesOf({ hosts }: FleetSnapshot, works: readonly Work[]): Zone[] {
  return [...new Set(works.map(({ host }) => host.zone))].map((zone) => {
    const there = hosts.filter(
      (host) => host.zone === zone && host.isCompute && (host.receives || !ENDED.has(host.state)),
    );
    return {
      works: works.filter(({ host }) => host.zone === zone),
      free: (of) => sum(there.map(({ free }) => free[of])),
      outside: (of) => sum(there.filter(({ state }) => ENDED.has(state)).map(({ free }) => free[of])),
    };
  });
}

/** Room times time that hosts lock, by the room that there is. */
function roomBound({ works, free }: Zone, of: Of): number {
  const locked = sum(works.map((work) => lockedByActions(work, of) + lockedByEmptying(work, of)));
  return locked === 0 ? 0 : locked / free(of);
}

/** What a host takes with it when it goes out: all but what is stopped there. */
function capacityOut({ host }: Work, of: Of): number {
  return (
    host.capacity[of] - sum(host.instances.filter(({ way }) => way === 'stays').map(({ resources }) => resources[of]))
  );
}

const lockedByActions = (work: Work, of: Of): number => capacityOut(work, of) * work.host.actionS;

/** What nobody uses on it serves nobody from its first move on; what is left by an instance from the beginning of its move. */
function lockedByEmptying(work: Work, of: Of): number {
  const unused = capacityOut(work, of) - sum(work.moved.map(({ resources }) => resources[of]));
  return unused * work.emptyS + leastWeighted(work, of);
}

/**
 * The least sum of (room of an instance) × (time from the beginning of its move to the end of the last one): in reversed
 * time a sum of weighted completion times. One at a time: exact, by Smith's rule (1956). Several: by the bound of Eastman,
 * Even and Isaacs (1964). Those that move themselves all do so at once, at best.
 */
function leastWeighted({ moved, perSource }: Work, of: Of): number {
  const selves = moved.filter(({ way }) => way === 'own');
  const ofSelves = sum(selves.map(({ moveS, resources }) => moveS * resources[of]));
  const bySmith = moved.filter(({ way }) => way === 'place');
  bySmith.sort((a, b) => a.moveS * b.resources[of] - b.moveS * a.resources[of]);
  let end = 0;
  let alone = 0;
  let own = 0;
  for (const { moveS, resources } of bySmith) {
    end += moveS;
    alone += resources[of] * end;
    own += resources[of] * moveS;
  }
  const placed = Number.isFinite(perSource) ? alone / perSource + (own * (perSource - 1)) / (2 * perSource) : own;
  return placed + ofSelves;
}

function onceIn({ works, outside }: Zone, of: Of, movedAgain: number): number {
  const hosts = works.map((work) => {
    const leaving = sum(work.moved.map(({ resources }) => resources[of]));
    return {
      gives: capacityOut(work, of) - leaving,
      work: leaving * work.host.actionS + leastWeighted(work, of),
      earliestS: work.answerS + outS(work),
    };
  });
  return onceBound(hosts, outside(of) + movedAgain);
}

/** Where the room never suffices for one host that is out and the first move off another, all happens one by one. */
function serialBound({ works, free }: Zone, of: Of): number {
  const filled = works.filter(({ moved }) => moved.length > 0);
  if (filled.length === 0) return 0;
  const begun = filled.map((work) => {
    const unused = capacityOut(work, of) - sum(work.moved.map(({ resources }) => resources[of]));
    return unused + Math.min(...work.moved.map(({ resources }) => resources[of]));
  });
  const room = free(of);
  if (Math.min(...works.map((work) => capacityOut(work, of))) + Math.min(...begun) <= room) return 0;
  const empty = works.filter(({ moved }) => moved.length === 0);
  const [small = Number.POSITIVE_INFINITY, next = Number.POSITIVE_INFINITY] = empty
    .map((work) => capacityOut(work, of))
    .sort((a, b) => a - b);
  const ofEmpty = empty.map(outS);
  return sum(filled.map(outS)) + (small + next > room ? sum(ofEmpty) : max(ofEmpty));
}

/** The rounds in which a group lets its members go, and the actions of the host that the last one leaves. */
function groupBound(snapshot: FleetSnapshot, works: readonly Work[]): number {
  const byGroup = new Map<string, { member: FleetInstance; host: FleetHost }[]>();
  for (const { host, moved } of works) {
    for (const member of moved) {
      const members = byGroup.get(member.groupId);
      if (members === undefined) byGroup.set(member.groupId, [{ member, host }]);
      else members.push({ member, host });
    }
  }
  return max(
    snapshot.groups.map(({ groupId, maxImpacted, recoveryS }) => {
      const members = byGroup.get(groupId) ?? [];
      if (members.length === 0 || maxImpacted <= 0) return 0;
      const rounds = Math.ceil(members.length / maxImpacted);
      const impactS = Math.min(...members.map(({ member }) => member.moveS));
      const answerS = Math.min(...members.map(({ member }) => member.answerS));
      const actionS = Math.min(...members.map(({ host }) => host.actionS));
      return answerS + rounds * impactS + (rounds - 1) * recoveryS + actionS;
    }),
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const max = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
