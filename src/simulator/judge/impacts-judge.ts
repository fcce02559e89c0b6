import type { Court, Entry, Hearing, Judge } from './court.js';

/** How long the service may take to learn of a member that failed by itself; ms. */
const NOTICED_WITHIN_MS = 5000;

interface Group {
  readonly name: string;
  readonly maxImpacted: number;
  readonly recoveryMs: number;
}

interface Impact {
  readonly instanceId: string;
  readonly groupId: string;
  scheduled: boolean;
}

/**
 * Rules max-impacted and recovery-time, for groups of which the topology gives `maxImpacted`: members that somebody
 * else than their owner moves, those in ERROR and on hosts that are down, over all hosts; a place is free when
 * `recoveryTime` has passed since the end of the move. A move that the scheduler refused harmed nobody.
 */
export class ImpactsJudge implements Judge {
  private readonly groups = new Map<string, Group>();
  private readonly open = new Map<number, Impact>();
  /** When each member's place is free again; ms. */
  private readonly recovering = new Map<string, number>();
  private readonly failedSince = new Map<string, number>();
  private readonly hostOf = new Map<string, string | null>();
  private readonly downSince = new Map<string, number>();

  constructor(private readonly court: Court) {}

  readonly hearing: Hearing = {
    group: ({ groupId, name, maxImpacted, recoveryTime }) => {
      if (maxImpacted !== null) this.groups.set(groupId, { name, maxImpacted, recoveryMs: (recoveryTime ?? 0) * 1000 });
    },
    'host-state': ({ host, up, at }) => {
      if (up) this.downSince.delete(host);
      else this.downSince.set(host, at.getTime());
    },
    state: ({ instanceId, host, status, at }) => {
      this.hostOf.set(instanceId, host);
      if (status !== 'ERROR') this.failedSince.delete(instanceId);
      else if (!this.failedSince.has(instanceId)) this.failedSince.set(instanceId, at.getTime());
    },
    'instance-gone': ({ instanceId }) => {
      for (const known of [this.recovering, this.failedSince, this.hostOf]) known.delete(instanceId);
    },
    'move-begun': (entry) => this.begun(entry),
    'move-scheduled': ({ migrationId }) => {
      const impact = this.open.get(migrationId);
      if (impact !== undefined) impact.scheduled = true;
    },
    'move-ended': ({ migrationId, at }) => {
      const impact = this.open.get(migrationId);
      this.open.delete(migrationId);
      if (impact?.scheduled !== true || !this.hostOf.has(impact.instanceId)) return;
      const recoveryMs = this.groups.get(impact.groupId)?.recoveryMs ?? 0;
      this.recovering.set(impact.instanceId, at.getTime() + recoveryMs);
    },
  };

  private begun({ migrationId, instanceId, type, byProjectId, at }: Entry<'move-begun'>): void {
    const { groupId, projectId, name } = this.court.instance(instanceId);
    const group = this.groups.get(groupId ?? '');
    if (group === undefined || groupId === null || byProjectId === projectId) return;
    const moving = this.others(
      groupId,
      instanceId,
      [...this.open.values()].map((impact) => impact.instanceId),
    );
    const recovering = this.others(groupId, instanceId, this.busyUntilAfter(at.getTime()));
    const failed = this.others(groupId, instanceId, this.failedBefore(at.getTime() - NOTICED_WITHIN_MS));
    this.open.set(migrationId, { instanceId, groupId, scheduled: false });
    // It was out of service before: to bring it back impacts nobody.
    if (type === 'evacuation') return;
    const impacted = new Set([...moving, ...failed]);
    const say = (rule: 'max-impacted' | 'recovery-time', ids: ReadonlySet<string>): void =>
      this.court.violate(
        rule,
        `The ${type} of ${name} began: of group ${group.name} ${group.maxImpacted} may be impacted, and ${this.names(ids)} were already`,
      );
    if (impacted.size >= group.maxImpacted) say('max-impacted', impacted);
    else {
      const all = new Set([...impacted, ...recovering]);
      if (all.size >= group.maxImpacted) say('recovery-time', all);
    }
  }

  private busyUntilAfter(now: number): string[] {
    return [...this.recovering].filter(([, until]) => until > now).map(([id]) => id);
  }

  private failedBefore(then: number): string[] {
    const inError = [...this.failedSince].filter(([, since]) => since < then).map(([id]) => id);
    const cutOff = [...this.hostOf].filter(([, host]) => (this.downSince.get(host ?? '') ?? then) < then);
    return [...inError, ...cutOff.map(([id]) => id)];
  }

  private others(groupId: string, instanceId: string, ids: readonly string[]): Set<string> {
    return new Set(ids.filter((id) => id !== instanceId && this.court.instance(id).groupId === groupId));
  }

  private names(ids: ReadonlySet<string>): string {
    return ids.size === 0 ? 'none' : [...ids].map((id) => this.court.instance(id).name).join(', ');
  }
}
