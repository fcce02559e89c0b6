import type { Resources } from '../../../src/model/index.js';
import type { CloudGroup, CloudHost, CloudInstance, FleetCloud } from './cloud.js';

type State = 'waiting' | 'out' | 'maintained' | 'failed';

interface HostBook {
  readonly spec: CloudHost;
  state: State;
  /** Emptying begins with it; it receives nothing from then on. */
  emptying: boolean;
  /** Instances that are there, or coming; who leaves counts until it has left. */
  readonly there: Set<string>;
  used: Resources;
  leaving: number;
  /** By session: each keeps its own limit. */
  readonly coming: Map<number, number>;
}

interface InstanceBook {
  readonly spec: CloudInstance;
  host: string;
  told: boolean;
  acked: boolean;
  stopped: boolean;
  moving: string | null;
}

/** What counts against the limits of one session. */
interface SessionBook {
  moves: number;
  out: number;
  readonly outBySet: Map<string, number>;
}

/**
 * Watches what is done to a cloud and holds it against the rules (v1 §5.3): V1 to V4, zones, room, limits, and that nothing
 * but an empty host is maintained. It keeps books of its own and knows nothing of how plans are made.
 */
export class FleetJudge {
  readonly violations: string[] = [];
  private readonly hosts = new Map<string, HostBook>();
  private readonly instances = new Map<string, InstanceBook>();
  private readonly groups = new Map<string, CloudGroup>();
  private readonly impacts = new Map<string, Map<string, number>>();
  private readonly sessions = new Map<number, SessionBook>();

  constructor(private readonly cloud: FleetCloud) {
    for (const group of cloud.groups) this.groups.set(group.groupId, group);
    for (const spec of cloud.hosts) {
      const book = { spec, state: 'waiting' as State, emptying: false, there: new Set<string>() };
      const host: HostBook = { ...book, used: ZERO, leaving: 0, coming: new Map() };
      this.hosts.set(spec.host, host);
      for (const instance of spec.instances) {
        host.there.add(instance.instanceId);
        host.used = plus(host.used, instance.resources, 1);
        const at = { spec: instance, host: spec.host, told: false, acked: false, stopped: false, moving: null };
        this.instances.set(instance.instanceId, at);
      }
    }
  }

  emptying(name: string): void {
    const host = this.host(name);
    this.expect(host.state === 'waiting' && !host.emptying, `${name} began twice`);
    host.emptying = true;
    const session = this.sessionOf(host);
    session.out += 1;
    this.expect(session.out <= this.cloud.limits.hosts, `${session.out} hosts are out`);
    for (const set of host.spec.sets) {
      const count = (session.outBySet.get(set) ?? 0) + 1;
      session.outBySet.set(set, count);
      this.expect(count <= (this.cloud.limits.perSet[set] ?? Number.POSITIVE_INFINITY), `${count} of ${set} are out`);
    }
  }

  asked(id: string, target: string | null): void {
    const instance = this.instance(id);
    this.expect(this.host(instance.host).emptying, `${id} was told before its host began`);
    this.expect(!instance.told, `${id} was told twice`);
    this.expect(instance.spec.way !== 'place' || target !== null, `${id} was told without a place`);
    if (target !== null) this.receives(instance, this.host(target));
    instance.told = true;
  }

  acked(id: string): void {
    this.instance(id).acked = true;
  }

  began(id: string, target: string | null, now: number): void {
    const instance = this.instance(id);
    const source = this.host(instance.host);
    const { limits } = this.cloud;
    this.expect(instance.acked, `${id} moved before its answer`);
    this.expect(instance.moving === null, `${id} moves already`);
    this.impact(instance, now);
    instance.moving = target ?? '';
    if (instance.spec.way !== 'place' || target === null) {
      if (target !== null) this.arriveAt(instance, target);
      return;
    }
    const session = this.sessionOf(source);
    source.leaving += 1;
    session.moves += 1;
    this.expect(source.leaving <= limits.perSource, `${source.leaving} leave ${instance.host}`);
    this.expect(session.moves <= limits.migrations, `${session.moves} moves at once`);
    this.arriveAt(instance, target);
    const onto = this.host(target);
    const coming = (onto.coming.get(sessionOf(source)) ?? 0) + 1;
    onto.coming.set(sessionOf(source), coming);
    this.expect(coming <= limits.perTarget, `${coming} come to ${target}`);
  }

  /** The target refused at once: nothing has happened. */
  refused(id: string): void {
    const instance = this.instance(id);
    this.impacts.get(instance.spec.groupId)?.delete(id);
  }

  left(id: string, now: number): void {
    const instance = this.instance(id);
    const target = instance.moving;
    instance.moving = null;
    if (instance.spec.way === 'stays') {
      instance.stopped = true;
      return;
    }
    this.recovering(instance, now);
    const source = this.host(instance.host);
    if (instance.spec.way === 'place') {
      source.leaving -= 1;
      this.sessionOf(source).moves -= 1;
      const { coming } = this.host(target ?? '');
      coming.set(sessionOf(source), (coming.get(sessionOf(source)) ?? 0) - 1);
    }
    source.there.delete(id);
    source.used = plus(source.used, instance.spec.resources, -1);
    instance.host = target ?? '';
    instance.told = false;
    instance.acked = false;
  }

  maintained(name: string): void {
    const host = this.host(name);
    const running = [...host.there].filter((id) => !this.instance(id).stopped);
    this.expect(host.emptying && running.length === 0, `${name} is maintained with ${running.join(' ')}`);
    host.state = 'out';
  }

  ended(name: string, failed: boolean, now: number): void {
    const host = this.host(name);
    host.state = failed ? 'failed' : 'maintained';
    host.emptying = false;
    const session = this.sessionOf(host);
    session.out -= 1;
    for (const set of host.spec.sets) session.outBySet.set(set, (session.outBySet.get(set) ?? 0) - 1);
    for (const id of host.there) {
      const instance = this.instance(id);
      if (!instance.stopped) continue;
      instance.stopped = false;
      this.recovering(instance, now);
    }
  }

  private arriveAt(instance: InstanceBook, target: string): void {
    const host = this.host(target);
    this.receives(instance, host);
    host.there.add(instance.spec.instanceId);
    host.used = plus(host.used, instance.spec.resources, 1);
    const { capacity } = host.spec;
    const fits =
      host.used.vcpus <= capacity.vcpus &&
      host.used.memoryMb <= capacity.memoryMb &&
      host.used.diskGb <= capacity.diskGb;
    this.expect(fits, `${target} is overfull`);
    const { groupId } = instance.spec;
    const most = this.groups.get(groupId)?.maxPerHost ?? 0;
    if (most === 0) return;
    const members = [...host.there].filter((id) => this.instance(id).spec.groupId === groupId);
    this.expect(members.length <= most, `${target} has ${members.length} of ${groupId}`);
  }

  private receives(instance: InstanceBook, host: HostBook): void {
    const { instanceId } = instance.spec;
    const { zone } = this.host(instance.host).spec;
    this.expect(host.spec.host !== instance.host, `${instanceId} goes to where it is`);
    this.expect(host.spec.zone === zone, `${instanceId} leaves its zone`);
    this.expect(!host.emptying && host.state !== 'failed', `${instanceId} goes to ${host.spec.host}, which is out`);
  }

  private impact({ spec: { groupId, instanceId } }: InstanceBook, now: number): void {
    const impacts = this.impacts.get(groupId) ?? new Map<string, number>();
    this.impacts.set(groupId, impacts);
    for (const [id, until] of impacts) if (until <= now) impacts.delete(id);
    impacts.set(instanceId, Number.POSITIVE_INFINITY);
    const most = this.groups.get(groupId)?.maxImpacted ?? 1;
    this.expect(impacts.size <= most, `${impacts.size} of ${groupId} are impacted, of at most ${most}`);
  }

  private recovering({ spec: { groupId, instanceId } }: InstanceBook, now: number): void {
    this.impacts.get(groupId)?.set(instanceId, now + (this.groups.get(groupId)?.recoveryS ?? 0));
  }

  private expect(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }

  private sessionOf(host: HostBook): SessionBook {
    const id = sessionOf(host);
    const session = this.sessions.get(id) ?? { moves: 0, out: 0, outBySet: new Map<string, number>() };
    this.sessions.set(id, session);
    return session;
  }

  private host(name: string): HostBook {
    return found(this.hosts.get(name), name);
  }

  private instance(id: string): InstanceBook {
    return found(this.instances.get(id), id);
  }
}

const sessionOf = ({ spec }: HostBook): number => spec.session ?? 0;

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The plan names ${name}, which is not there.`);
  return value;
}

const ZERO: Resources = { vcpus: 0, memoryMb: 0, diskGb: 0 };

const plus = (a: Resources, b: Resources, times: number): Resources => ({
  vcpus: a.vcpus + times * b.vcpus,
  memoryMb: a.memoryMb + times * b.memoryMb,
  diskGb: a.diskGb + times * b.diskGb,
});
