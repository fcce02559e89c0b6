import type { FleetGroup, FleetHost, FleetInstance, FleetPlan, FleetSnapshot } from '../../../src/planner/fleet.js';
import type { CloudGroup, CloudHost, CloudInstance, FleetCloud } from './cloud.js';
import { FleetJudge } from './judge.js';
import { EventQueue } from './queue.js';
import { Random } from './random.js';

export type FleetPolicy = (snapshot: FleetSnapshot) => FleetPlan;

export interface FleetRun {
  /** When the last host was done; Infinity if the policy came to a halt before. */
  readonly makespanS: number;
  readonly moves: number;
  readonly instances: number;
  readonly violations: readonly string[];
  readonly steps: number;
  readonly stuck: string | undefined;
}

export interface WorldOptions {
  /** Least time between two steps of the plan, as an engine takes turns. */
  readonly turnS?: number;
  /** Whether a session is held to what another one has begun since it planned. */
  readonly admission?: 'held-to' | 'forgotten';
}

interface Member {
  readonly spec: CloudInstance;
  view: FleetInstance;
  host: Host;
}

interface Host {
  readonly spec: CloudHost;
  readonly index: number;
  readonly there: Set<Member>;
  /** Members that are on their way to it. */
  coming: number;
  view: FleetHost;
}

interface Group {
  readonly spec: CloudGroup;
  readonly impacts: Map<string, number | null>;
  view: FleetGroup;
}

/** Plans in a row at one instant after which a policy is taken for one that never comes to rest. */
const MOST_PLANS = 1000;

/** How long it takes to hear of a refusal. */
const REFUSAL_S = 1;

/**
 * A session on a cloud in virtual time, driven by any policy: moves and actions take their time, projects answer, targets
 * refuse, actions fail. Deterministic by its seed. The snapshot is kept up as things change: what a step costs is the
 * policy's own.
 *
 * Of several sessions, each knows the others' hosts as such that are not its own, all plan from what they see at the same
 * instant, and what the first one has begun the next one is held to when it begins (admission, L5): it plans again.
 */
export class FleetWorld {
  private now = 0;
  private readonly queue = new EventQueue();
  private readonly judge: FleetJudge;
  private readonly random: Random;
  private readonly hosts = new Map<string, Host>();
  private readonly members = new Map<string, Member>();
  private readonly groups = new Map<string, Group>();
  private readonly failing = new Set<string>();
  private readonly hostViews: FleetHost[] = [];
  /** What other sessions see of each host. */
  private readonly outsideViews: FleetHost[] = [];
  private readonly sessions: readonly number[];
  private moves = 0;
  private steps = 0;
  private ended = 0;
  private lastEnd = 0;

  constructor(
    private readonly cloud: FleetCloud,
    seed: number,
    private readonly options: WorldOptions = {},
  ) {
    this.judge = new FleetJudge(cloud);
    this.sessions = [...new Set(cloud.hosts.map(sessionOf))].sort((a, b) => a - b);
    this.random = new Random(seed);
    for (const spec of cloud.groups) {
      this.groups.set(spec.groupId, { spec, impacts: new Map(), view: { ...spec, impacts: [] } });
    }
    for (const spec of cloud.hosts) {
      this.addHost(spec);
      // Whatever the order in which a policy takes them, the same hosts fail.
      if (this.random.next() < cloud.failures) this.failing.add(spec.host);
    }
  }

  snapshot(session = this.sessions[0]): FleetSnapshot {
    const { secondMoves, limits } = this.cloud;
    const groups = [...this.groups.values()].map(({ view }) => view);
    return { now: this.now, hosts: this.hostsOf(session), groups, limits, scaleIn: [], secondMoves };
  }

  private hostsOf(session: number | undefined): readonly FleetHost[] {
    if (this.sessions.length === 1) return this.hostViews;
    return this.cloud.hosts.map((spec, index) => {
      const views = sessionOf(spec) === session ? this.hostViews : this.outsideViews;
      return views[index] as FleetHost;
    });
  }

  run(policy: FleetPolicy): FleetRun {
    let stuck: string | undefined;
    for (;;) {
      stuck = this.settle(policy);
      const next = this.queue.nextAt;
      if (next === undefined) break;
      const { turnS = 0 } = this.options;
      this.now = turnS === 0 ? next : Math.max(next, this.now + turnS);
      this.queue.run(this.now);
    }
    const finished = this.ended === this.hosts.size;
    return {
      makespanS: finished ? this.lastEnd : Number.POSITIVE_INFINITY,
      moves: this.moves,
      instances: this.members.size,
      violations: this.judge.violations,
      steps: this.steps,
      stuck,
    };
  }

  /** Plans until nothing more is decided at this instant. */
  private settle(policy: FleetPolicy): string | undefined {
    for (let plans = 0; plans < MOST_PLANS; plans += 1) {
      this.steps += 1;
      const all = this.sessions.map((session) => policy(this.snapshot(session)));
      // Who comes first changes.
      if (all.length > 1 && this.random.next() < 0.5) all.reverse();
      const decided = all.filter((plan, index) => this.carryOut(plan, index > 0));
      if (decided.length === 0) return all.map(({ stuck }) => stuck).find((stuck) => stuck !== undefined);
    }
    throw new Error(`The policy decides without end at ${this.now} s.`);
  }

  /** @returns whether something has changed that could be decided on now */
  private carryOut(plan: FleetPlan, isLate: boolean): boolean {
    let isRefused = false;
    const admits = (instanceId: string, target: string | null, begins: boolean): boolean => {
      const isAdmitted =
        !isLate || this.options.admission === 'forgotten' || this.admits(this.member(instanceId), target, begins);
      isRefused ||= !isAdmitted;
      return isAdmitted;
    };
    for (const host of plan.empty) this.empty(this.host(host));
    for (const { instanceId, target } of plan.ask) {
      if (admits(instanceId, target, false)) this.ask(this.member(instanceId), target);
    }
    // Who goes where it likes comes after those whose places are decided.
    const named = plan.move.filter(({ target }) => target !== null);
    for (const { instanceId, target } of [...named, ...plan.move.filter(({ target }) => target === null)]) {
      if (admits(instanceId, target, true)) this.move(this.member(instanceId), target);
    }
    for (const host of plan.maintain) this.maintain(this.host(host));
    // Moves and actions that begin change nothing that could be decided now; projects may have answered at once.
    return isRefused || plan.empty.length + plan.ask.length > 0;
  }

  /** Whether what was planned a moment ago still holds, after what another session did meanwhile. */
  private admits(member: Member, target: string | null, begins: boolean): boolean {
    const host = target === null ? undefined : this.host(target).view;
    if (!begins) return host === undefined || host.receives;
    if (host !== undefined && !this.takes(host, member)) return false;
    const { groupId, instanceId } = member.spec;
    const group = this.groups.get(groupId);
    if (group === undefined) return true;
    const others = [...group.impacts].filter(
      ([id, until]) => id !== instanceId && (until === null || until > this.now),
    );
    return others.length < group.spec.maxImpacted;
  }

  private empty(host: Host): void {
    this.judge.emptying(host.spec.host);
    this.change(host, { state: 'emptying', since: this.now, receives: false });
    this.emptied(host);
  }

  private emptied(host: Host): void {
    if (host.view.state !== 'emptying' || host.coming > 0) return;
    for (const { view } of host.there) if (view.phase !== 'gone') return;
    this.change(host, { state: 'empty', since: this.now });
  }

  private ask(member: Member, target: string | null): void {
    const { instanceId, answerS } = member.spec;
    this.judge.asked(instanceId, target);
    const acked = () => {
      this.judge.acked(instanceId);
      this.changeMember(member, { phase: 'acked', at: null });
    };
    this.changeMember(member, { phase: 'asked', target, at: this.now + answerS });
    if (answerS === 0) acked();
    else this.queue.add(this.now + answerS, acked);
  }

  private move(member: Member, planned: string | null): void {
    const { instanceId, way, moveS } = member.spec;
    const target = way === 'own' ? this.whereItGoes(member) : planned;
    // A project that finds no room for its instance tries again.
    if (target === undefined) return;
    if (way === 'place' && this.random.next() < this.cloud.refusals) {
      const refusedBy = [...member.view.refusedBy, target ?? ''];
      this.changeMember(member, { refusedBy, target: null });
      this.queue.add(this.now + REFUSAL_S, () => undefined);
      return;
    }
    this.judge.began(instanceId, target, this.now);
    this.impacts(member, null);
    this.changeMember(member, { phase: 'moving', target, at: this.now });
    if (target !== null) {
      this.host(target).coming += 1;
      this.takeRoom(this.host(target), member, 1);
    }
    this.queue.add(this.now + moveS, () => this.left(member));
  }

  private left(member: Member): void {
    const { spec, host, view } = member;
    this.judge.left(spec.instanceId, this.now);
    if (spec.way === 'stays') {
      this.changeMember(member, { phase: 'gone' });
      this.emptied(host);
      return;
    }
    this.moves += 1;
    this.impacts(member, this.now);
    host.there.delete(member);
    this.takeRoom(host, member, -1);
    member.host = this.host(view.target ?? '');
    member.host.coming -= 1;
    member.host.there.add(member);
    member.view = instanceView(view, { phase: 'resting', target: null, at: null, refusedBy: [] });
    this.refresh(host);
    this.refresh(member.host);
    this.emptied(host);
    this.emptied(member.host);
  }

  private maintain(host: Host): void {
    this.judge.maintained(host.spec.host);
    this.change(host, { state: 'in_maintenance', since: this.now });
    const failed = this.failing.has(host.spec.host);
    this.queue.add(this.now + host.spec.actionS, () => {
      this.judge.ended(host.spec.host, failed, this.now);
      this.ended += 1;
      this.lastEnd = this.now;
      for (const member of host.there) {
        this.impacts(member, this.now);
        member.view = instanceView(member.view, { phase: 'resting' });
      }
      this.change(host, { state: failed ? 'lost' : 'done', since: this.now, receives: !failed });
    });
  }

  /** A project that moves its instance itself: to a maintained host if one has room. */
  private whereItGoes(member: Member): string | undefined {
    const fits = this.hostViews.filter((host) => this.takes(host, member));
    return (fits.find(({ state }) => state === 'done') ?? fits[0])?.host;
  }

  private takes(host: FleetHost, { spec, host: source }: Member): boolean {
    const { free } = host;
    const fits =
      spec.resources.vcpus <= free.vcpus &&
      spec.resources.memoryMb <= free.memoryMb &&
      spec.resources.diskGb <= free.diskGb;
    const most = this.groups.get(spec.groupId)?.spec.maxPerHost ?? 0;
    const apart = most === 0 || (host.members[spec.groupId] ?? 0) < most;
    return fits && apart && host.receives && host.zone === source.spec.zone && host.host !== source.spec.host;
  }

  private impacts({ spec: { groupId, instanceId } }: Member, endedAt: number | null): void {
    const group = this.groups.get(groupId);
    if (group === undefined) return;
    for (const [id, until] of group.impacts) if (until !== null && until <= this.now) group.impacts.delete(id);
    const until = endedAt === null ? null : endedAt + group.spec.recoveryS;
    group.impacts.set(instanceId, until);
    // Somebody may wait for the end of the recovery.
    if (until !== null && until > this.now) this.queue.add(until, () => undefined);
    const impacts = [...group.impacts].map(([id, end]) => ({ instanceId: id, until: end }));
    group.view = { ...group.spec, impacts };
  }

  private takeRoom(host: Host, { spec: { resources, groupId } }: Member, times: number): void {
    const { free, members } = host.view;
    const most = this.groups.get(groupId)?.spec.maxPerHost ?? 0;
    this.change(host, {
      free: {
        vcpus: free.vcpus - times * resources.vcpus,
        memoryMb: free.memoryMb - times * resources.memoryMb,
        diskGb: free.diskGb - times * resources.diskGb,
      },
      members: most === 0 ? members : { ...members, [groupId]: (members[groupId] ?? 0) + times },
    });
  }

  private changeMember(member: Member, changes: Partial<FleetInstance>): void {
    member.view = instanceView(member.view, changes);
    this.refresh(member.host);
  }

  private refresh(host: Host): void {
    const listed = host.view.state !== 'done' && host.view.state !== 'lost';
    this.change(host, { instances: listed ? [...host.there].map(({ view }) => view) : [] });
  }

  private change(host: Host, changes: Partial<FleetHost>): void {
    const ends = changes.state === 'done' || changes.state === 'lost' ? { instances: [] } : {};
    host.view = hostView(host.view, { ...changes, ...ends });
    this.show(host);
  }

  private show({ index, view }: Host): void {
    this.hostViews[index] = view;
    if (this.sessions.length > 1) this.outsideViews[index] = hostView(view, OUTSIDE);
  }

  private addHost(spec: CloudHost): void {
    const { host, zone, sets, capacity, expectedS } = spec;
    const state = { state: 'waiting', receives: true, down: false, isCompute: true, since: 0 } as const;
    const view = {
      host,
      zone,
      sets,
      capacity,
      free: capacity,
      actionS: expectedS,
      instances: [],
      members: {},
      ...state,
    };
    const added: Host = { spec, index: this.hostViews.length, there: new Set(), coming: 0, view };
    this.show(added);
    this.hosts.set(host, added);
    for (const instance of spec.instances) {
      const phase = { phase: 'resting', target: null, at: null, refusedBy: [] } as const;
      const member: Member = {
        spec: instance,
        view: instanceView({ keepsRoom: false, ...instance, ...phase }, {}),
        host: added,
      };
      this.members.set(instance.instanceId, member);
      added.there.add(member);
      this.takeRoom(added, member, 1);
    }
    this.refresh(added);
  }

  private host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`The plan names host ${name}, which is not there.`);
    return host;
  }

  private member(id: string): Member {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`The plan names instance ${id}, which is not there.`);
    return member;
  }
}

const sessionOf = ({ session = 0 }: CloudHost): number => session;

const OUTSIDE = { state: 'outside', instances: [], since: 0 } as const;

/** Spelled out, so that all views are of one shape, as what comes from a thread's message or a database is. */
function instanceView(of: FleetInstance, to: Partial<FleetInstance>): FleetInstance {
  return {
    instanceId: of.instanceId,
    resources: of.resources,
    groupId: of.groupId,
    way: of.way,
    phase: to.phase ?? of.phase,
    target: to.target === undefined ? of.target : to.target,
    at: to.at === undefined ? of.at : to.at,
    answerS: of.answerS,
    moveS: of.moveS,
    keepsRoom: of.keepsRoom,
    refusedBy: to.refusedBy ?? of.refusedBy,
  };
}

function hostView(of: FleetHost, to: Partial<FleetHost>): FleetHost {
  return {
    host: of.host,
    state: to.state ?? of.state,
    zone: of.zone,
    sets: of.sets,
    capacity: of.capacity,
    free: to.free ?? of.free,
    receives: to.receives ?? of.receives,
    down: of.down,
    isCompute: of.isCompute,
    actionS: of.actionS,
    since: to.since ?? of.since,
    instances: to.instances ?? of.instances,
    members: to.members ?? of.members,
  };
}
