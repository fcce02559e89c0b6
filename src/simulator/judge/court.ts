import type { LogEntry, LogEvent } from '../log.js';

export type Rule =
  | 'disabled-target'
  | 'over-capacity'
  | 'anti-affinity'
  | 'two-moves'
  | 'tenants-resize'
  | 'group-out-of-service'
  | 'left-unconfirmed'
  | 'left-disabled'
  | 'enabled-others'
  | 'max-impacted'
  | 'recovery-time'
  | 'stopped'
  | 'left-stopped'
  | 'service-outage';

/** Something that must not happen, and did. */
export interface Violation {
  readonly at: Date;
  readonly rule: Rule;
  readonly sentence: string;
}

/** An entry of one kind. */
export type Entry<K extends LogEvent['kind']> = Extract<LogEvent, { kind: K }> & { readonly at: Date };

/** What a judge wants to see of the log, by kind of entry. */
export type Hearing = { readonly [K in LogEvent['kind']]?: (entry: Entry<K>) => void };

/** Watches over a few rules while the log passes by. */
export interface Judge {
  readonly hearing: Hearing;
  /** Called after the last entry: what is open now was left behind. */
  end?(): void;
}

export interface InstanceFacts {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly groupId: string | null;
}

/** What all judges share: who the instances are, and the list of violations. */
export class Court {
  readonly violations: Violation[] = [];
  private readonly byId = new Map<string, InstanceFacts>();
  private at = new Date(0);

  hear(judges: readonly Judge[], entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.at = entry.at;
      if (entry.kind === 'instance-added') this.byId.set(entry.instanceId, { ...entry, id: entry.instanceId });
      // The table is typed kind by kind; TypeScript cannot see that kind and entry belong together.
      for (const { hearing } of judges) (hearing[entry.kind] as ((heard: LogEntry) => void) | undefined)?.(entry);
    }
    for (const judge of judges) judge.end?.();
  }

  violate(rule: Rule, sentence: string): void {
    this.violations.push({ at: this.at, rule, sentence: `${sentence}.` });
  }

  /** Those that are gone, too. */
  instance(id: string): InstanceFacts {
    return this.byId.get(id) ?? { id, name: id, projectId: '', groupId: null };
  }
}
