import type { Court, Entry, Hearing, Judge } from './court.js';

interface Group {
  readonly name: string;
  readonly maxOut: number;
  /** Members that have been in service; only those can go out of it. */
  readonly known: Set<string>;
  readonly out: Set<string>;
}

/** Rule group-out-of-service: nobody but its owner or bad luck takes out a member when `maxOutOfService` are out. */
export class GroupsJudge implements Judge {
  private readonly groups = new Map<string, Group>();

  constructor(private readonly court: Court) {}

  readonly hearing: Hearing = {
    group: ({ groupId, name, maxOutOfService: maxOut }) => {
      if (maxOut !== null) this.groups.set(groupId, { name, maxOut, known: new Set(), out: new Set() });
    },
    state: (entry) => this.state(entry),
    'instance-gone': ({ instanceId }) => {
      this.groupOf(instanceId)?.out.delete(instanceId);
    },
  };

  private groupOf(instanceId: string): Group | undefined {
    return this.groups.get(this.court.instance(instanceId).groupId ?? '');
  }

  private state({ instanceId, inService, status, excused }: Entry<'state'>): void {
    const group = this.groupOf(instanceId);
    if (group === undefined) return;
    if (inService) {
      group.known.add(instanceId);
      group.out.delete(instanceId);
      return;
    }
    if (!group.known.has(instanceId) || group.out.has(instanceId)) return;
    group.out.add(instanceId);
    if (group.out.size <= group.maxOut || excused) return;
    const names = [...group.out].map((id) => this.court.instance(id).name).join(', ');
    this.court.violate(
      'group-out-of-service',
      `${this.court.instance(instanceId).name} went ${status}: of group ${group.name} ${group.maxOut} may be out of service, now ${names} are`,
    );
  }
}
