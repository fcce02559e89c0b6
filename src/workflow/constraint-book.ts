import type { ConstraintOwner, GroupConstraints, InstanceConstraints } from '../model/index.js';

/**
 * The constraint records that hold, by the rules of ownership (v1 §1.3): the record whose owner is the project that
 * Nova names for the instance, else one written with the admin role; its group under the same owner, then admin-written.
 */
export class ConstraintBook {
  private readonly instances = new Map<string, InstanceConstraints>();
  private readonly groups: ReadonlyMap<string, readonly GroupConstraints[]>;
  /** By group; gathered when it is first asked for, in one look at all instances. */
  private members: ReadonlyMap<GroupConstraints, readonly string[]> | undefined;

  /** @param projectOf the project that owns an instance, by Nova; undefined for one that Nova has not */
  constructor(
    instances: readonly InstanceConstraints[],
    groups: readonly GroupConstraints[],
    private readonly projectOf: (instanceId: string) => string | undefined,
  ) {
    for (const record of instances) {
      const known = this.instances.get(record.instanceId);
      if (this.holds(record) && (known === undefined || !this.isOwn(known)))
        this.instances.set(record.instanceId, record);
    }
    const byId = new Map<string, GroupConstraints[]>();
    for (const group of groups) byId.set(group.groupId, [...(byId.get(group.groupId) ?? []), group]);
    this.groups = byId;
  }

  instance(instanceId: string): InstanceConstraints | undefined {
    return this.instances.get(instanceId);
  }

  /** The instance's group; undefined when it has none or its record is missing. */
  groupOf(instanceId: string): GroupConstraints | undefined {
    const record = this.instances.get(instanceId);
    if (record === undefined || record.groupId === null) return undefined;
    const candidates = this.groups.get(record.groupId) ?? [];
    return (
      candidates.find((group) => group.ownerProjectId === record.ownerProjectId) ??
      candidates.find((group) => group.byAdmin)
    );
  }

  /** Whether room for one more of its kind is wanted while it is impacted (V6): its own word, then its group's. */
  keepsRoom(instanceId: string): boolean {
    return this.instance(instanceId)?.resourceMitigation ?? this.groupOf(instanceId)?.resourceMitigation ?? false;
  }

  /**
   * Instances that Nova has and that belong to the group.
   * @param group as {@link groupOf} has it
   */
  membersOf(group: GroupConstraints): readonly string[] {
    this.members ??= this.byGroup();
    return this.members.get(group) ?? [];
  }

  private byGroup(): Map<GroupConstraints, string[]> {
    const members = new Map<GroupConstraints, string[]>();
    for (const id of this.instances.keys()) {
      const group = this.groupOf(id);
      if (group === undefined) continue;
      const known = members.get(group);
      if (known === undefined) members.set(group, [id]);
      else known.push(id);
    }
    return members;
  }

  private holds(record: InstanceConstraints): boolean {
    return this.projectOf(record.instanceId) !== undefined && (this.isOwn(record) || record.byAdmin);
  }

  private isOwn({ ownerProjectId, instanceId }: ConstraintOwner & { readonly instanceId: string }): boolean {
    return this.projectOf(instanceId) === ownerProjectId;
  }
}
