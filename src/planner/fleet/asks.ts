import { compareResources } from '../../model/index.js';
import type { FleetInstance, FleetWait } from '../fleet.js';
import { byName } from './amount.js';
import type { Lead } from './lead.js';
import { keepRoomFor } from './mitigation.js';
import type { Source } from './source.js';
import type { FleetStep, ZoneStep } from './step.js';
import { groupWait, placeWait } from './why.js';

/** How much earlier than an answer takes a project is told: answers vary. */
const MARGIN = 1.5;

const ANSWER = { because: 'answer', message: 'Its project was told.', lifts: 'The project answers.' } as const;
const ORDER = {
  because: 'order',
  message: 'Others leave the host before it.',
  lifts: 'Their moves come to an end.',
} as const;

const NOT_TOGETHER = {
  because: 'no-room',
  message: 'There are no places for all instances of the host together, and nothing is out that would give room.',
  lifts: 'Room is freed: projects scale in, or hosts are added.',
} as const;

/** Tells projects as long before the expected beginning of a move as their answers take. */
export function askProjects(step: FleetStep, zone: ZoneStep, lead: Lead | undefined): void {
  for (const source of zone.sources) {
    for (const instance of source.asked) step.wait(source.host, instance, answerWait(instance));
    for (const instance of source.immovable) step.wait(source.host, instance, NO_WAY);
    askOf(step, zone, source, lead);
  }
}

const NO_WAY = {
  because: 'immovable',
  message: 'No way leads off the host.',
  lifts: 'The policy for instances that cannot be moved.',
} as const;

const answerWait = ({ at }: FleetInstance): Omit<FleetWait, 'host' | 'instanceId'> =>
  at === null ? ANSWER : { ...ANSWER, until: at };

function askOf(step: FleetStep, zone: ZoneStep, source: Source, lead: Lead | undefined): void {
  const { now } = step;
  const slots = new Slots(source, step.snapshot.limits.perSource, now);
  const longest = source.resting.reduce((most, { answerS }) => Math.max(most, answerS), 0);
  const horizon = now + longest * MARGIN + 1;
  const held = zone.tight && lead === undefined;
  const list = held || slots.next > horizon ? source.resting : inOrder(step, source);
  for (const instance of list) {
    if (held || slots.next > now + instance.answerS * MARGIN + 1) {
      step.wait(source.host, instance, held ? NOT_TOGETHER : ORDER);
      continue;
    }
    const why = ask(step, zone, source, instance, slots, lead);
    if (why !== undefined) step.wait(source.host, instance, why);
  }
  askStaying(step, source, slots);
}

function ask(
  step: FleetStep,
  zone: ZoneStep,
  source: Source,
  instance: FleetInstance,
  slots: Slots,
  lead: Lead | undefined,
): Omit<FleetWait, 'host' | 'instanceId'> | undefined {
  const { now } = step;
  const { instanceId, answerS, way } = instance;
  const group = step.groups.of(instance.groupId);
  if (way === 'place' && group.never) return groupWait(step, instance);
  const readyAt = group.readyAt(instanceId);
  // Whoever moves itself may do so as soon as it is told.
  if (readyAt > (way === 'own' ? now : now + answerS * MARGIN + 1)) return groupWait(step, instance);
  const expectedAt = Math.max(readyAt, slots.next, now + answerS);
  const choice = anywhere(way === 'own' || (lead?.source === source && lead.overWaiting) || step.firstWave(zone));
  zone.targets.release(instance);
  const target =
    zone.targets.choose(instance, choice) ??
    // What is promised twice is given back in time by a host that is out.
    (zone.giving.some((host) => host.since + host.actionS <= expectedAt)
      ? zone.targets.choose(instance, { ...choice, overHeld: true })
      : undefined);
  if (target === undefined) return placeWait(zone, instance, choice);
  zone.targets.hold(instance, target.host);
  keepRoomFor(step, zone, instance);
  group.tell(instance);
  if (way === 'place') slots.take(Math.max(readyAt, now + answerS), instance.moveS);
  step.decided.ask.push({ instanceId, target: way === 'own' ? null : target.host, expectedAt });
  return undefined;
}

/** Those who are stopped while the host is out are told when the others are about to be gone. */
function askStaying(step: FleetStep, source: Source, slots: Slots): void {
  for (const instance of source.staying) {
    const { instanceId, answerS, groupId } = instance;
    const group = step.groups.of(groupId);
    const leavesAt = step.now + source.pendingS;
    if (group.never || group.readyAt(instanceId) > step.now + answerS * MARGIN + 1) {
      step.wait(source.host, instance, groupWait(step, instance));
    } else if (source.resting.length > 0 || leavesAt > step.now + answerS * MARGIN + 1) {
      step.wait(source.host, instance, ORDER);
    } else {
      group.tell(instance);
      const expectedAt = Math.max(slots.last, step.now + answerS);
      step.decided.ask.push({ instanceId, target: null, expectedAt });
    }
  }
}

/** Whose group is free first; then whose group has most to do here, the largest of these first. */
function inOrder({ groups }: FleetStep, { resting }: Source): FleetInstance[] {
  const ofGroup = new Map<string, number>();
  for (const { groupId } of resting) ofGroup.set(groupId, (ofGroup.get(groupId) ?? 0) + 1);
  const keys = new Map(
    resting.map((instance) => {
      const places = groups.of(instance.groupId);
      const chain = (ofGroup.get(instance.groupId) ?? 0) * (places.group.recoveryS + instance.moveS);
      return [instance, { readyAt: places.readyAt(instance.instanceId), chain: chain / places.group.maxImpacted }];
    }),
  );
  const key = (instance: FleetInstance) => keys.get(instance) as { readyAt: number; chain: number };
  return [...resting].sort((a, b) => {
    const [one, other] = [key(a), key(b)];
    return (
      compareTimes(one.readyAt, other.readyAt) ||
      compareTimes(other.chain, one.chain) ||
      compareResources(b.resources, a.resources) ||
      byName(a.instanceId, b.instanceId)
    );
  });
}

/** Differences of infinities are no numbers. */
const compareTimes = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

const anywhere = (waiting: boolean) => ({
  overHeld: false,
  waiting,
  perTarget: Number.POSITIVE_INFINITY,
});

/** When the next moves off a host can begin. */
class Slots {
  private readonly free: number[] = [];

  constructor(
    source: Source,
    private readonly abreast: number,
    private readonly now: number,
  ) {
    if (!Number.isFinite(abreast)) return;
    this.free = [...source.busyUntil].sort((a, b) => b - a).slice(0, abreast);
    while (this.free.length < abreast) this.free.push(now);
    for (const { way, moveS } of [...source.acked, ...source.asked]) if (way === 'place') this.take(now, moveS);
  }

  get next(): number {
    return Number.isFinite(this.abreast) ? Math.min(...this.free) : this.now;
  }

  get last(): number {
    return this.free.reduce((most, at) => Math.max(most, at), this.now);
  }

  take(readyAt: number, moveS: number): void {
    if (!Number.isFinite(this.abreast)) return;
    const index = this.free.indexOf(this.next);
    this.free[index] = Math.max(this.next, readyAt) + moveS;
  }
}
