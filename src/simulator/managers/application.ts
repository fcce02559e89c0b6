import type { InstanceChange } from '../cloud.js';
import { type Instance, inService } from '../records.js';

/** A time in which a part of an application did not serve. */
export interface Outage {
  readonly part: string;
  readonly from: Date;
  /** Null while it lasts. */
  to: Date | null;
  /** The change that began it, e.g. `web-1 RESIZE`. */
  readonly because: string;
  /** The instance whose change it was; null for a switch-over. */
  readonly instanceId: string | null;
  /** The owner's own doing, or bad luck. */
  readonly excused: boolean;
}

interface Part {
  readonly name: string;
  readonly groupId: string | null;
  readonly members: Map<string, Instance>;
  readonly active: Set<string>;
  /** It has served before: only then can it fail to. */
  started: boolean;
  outage: Outage | undefined;
}

/**
 * What a project's instances do for their users. Instances of one group (those without one together) are one part;
 * `needed` of its members are active, the rest stand by, and it serves while all its active members are in service.
 * Only a command switches over, except from a member that is gone. Switching takes no time.
 */
export class Application {
  readonly outages: Outage[] = [];
  private readonly parts = new Map<string, Part>();
  private readonly adopted = new Set<string>();
  /** Instances of the project that do nothing for its users, as they were last seen. */
  private readonly strangers = new Map<string, Instance>();
  private readonly givenUp = new Set<string>();
  private readonly goneAt = new Map<string, Date>();

  /** @param impactable how many of a group (of those without one: null) its owner lets others impact at a time */
  constructor(
    private readonly needed: number,
    private readonly now: () => Date,
    private readonly impactable: (groupId: string | null) => number = () => 1,
  ) {}

  /** Makes an instance of the project a part of the application. */
  adopt(id: string): void {
    this.adopted.add(id);
    const known = this.strangers.get(id);
    this.strangers.delete(id);
    if (known !== undefined) this.take({ instance: known, gone: false, excused: false });
  }

  /** Its manager is about to do without that instance: it does not count on it any more. */
  giveUp(id: string): void {
    this.givenUp.add(id);
  }

  /** Sees a change of one of the project's instances; also how it learns of those that it begins with. */
  take({ instance, gone, excused }: Pick<InstanceChange, 'instance' | 'gone' | 'excused'>): void {
    if (gone) this.goneAt.set(instance.id, this.now());
    if (!this.adopted.has(instance.id)) {
      if (gone) this.strangers.delete(instance.id);
      else this.strangers.set(instance.id, instance);
      return;
    }
    const part = this.partOf(instance);
    if (gone) {
      part.members.delete(instance.id);
      part.active.delete(instance.id);
    } else part.members.set(instance.id, instance);
    this.fill(part, new Set());
    const what = `${instance.name} ${gone ? 'deleted' : (instance.taskState ?? instance.vmState)}`;
    this.measure(part, what, excused, instance.id);
  }

  /** When an instance of the project was gone; undefined while it is there, and of others'. */
  goneSince(id: string): Date | undefined {
    return this.goneAt.get(id);
  }

  members(): Instance[] {
    return [...this.parts.values()].flatMap(({ members }) => [...members.values()]);
  }

  /** The own instance of that id, if there is one. */
  member(id: string): Instance | undefined {
    for (const part of this.parts.values()) if (part.members.has(id)) return part.members.get(id);
    return undefined;
  }

  isActive(id: string): boolean {
    return [...this.parts.values()].some(({ active }) => active.has(id));
  }

  /** Switches over from active members among `avoid` to others in service; whoever finds none stays active. */
  switchAway(avoid: ReadonlySet<string>): void {
    for (const part of this.parts.values()) {
      for (const id of [...part.active].filter((member) => avoid.has(member))) {
        const standBy = this.standBy(part, avoid);
        if (standBy === undefined) break;
        part.active.delete(id);
        part.active.add(standBy.id);
      }
      this.measure(part, 'switch-over');
    }
  }

  /**
   * Members that can be spared, those of the largest parts first. Each part keeps as many as are needed, and a stand-by
   * for each that others may impact meanwhile.
   */
  spare(): Instance[] {
    const parts = [...this.parts.values()].sort((a, b) => b.members.size - a.members.size);
    return parts.flatMap(({ groupId, members, active }) => {
      const kept = [...members.values()].filter(({ id }) => !this.givenUp.has(id));
      const most = Math.max(0, kept.length - this.needed - this.impactable(groupId));
      return kept.filter(({ id }) => !active.has(id)).slice(0, most);
    });
  }

  private partOf({ groupId }: Instance): Part {
    const name = groupId ?? 'ungrouped';
    const known = this.parts.get(name);
    if (known !== undefined) return known;
    const part = { name, groupId, members: new Map(), active: new Set<string>(), started: false, outage: undefined };
    this.parts.set(name, part);
    return part;
  }

  /** Takes stand-bys in for active members that are gone, and for those it never had. */
  private fill(part: Part, avoid: ReadonlySet<string>): void {
    while (part.active.size < this.needed) {
      const standBy = this.standBy(part, avoid);
      if (standBy === undefined) return;
      part.active.add(standBy.id);
    }
  }

  private standBy({ members, active }: Part, avoid: ReadonlySet<string>): Instance | undefined {
    return [...members.values()].find(
      (member) =>
        inService(member) &&
        member.taskState !== 'deleting' &&
        !active.has(member.id) &&
        !avoid.has(member.id) &&
        !this.givenUp.has(member.id),
    );
  }

  private measure(part: Part, because: string, excused = false, instanceId: string | null = null): void {
    const active = [...part.active].map((id) => part.members.get(id));
    const up = active.length >= this.needed && active.every((member) => member !== undefined && inService(member));
    part.started ||= up;
    if (up || part.members.size === 0) {
      if (part.outage !== undefined) part.outage.to = this.now();
      part.outage = undefined;
    } else if (part.started && part.outage === undefined) {
      part.outage = { part: part.name, from: this.now(), to: null, because, instanceId, excused };
      this.outages.push(part.outage);
    }
  }
}
