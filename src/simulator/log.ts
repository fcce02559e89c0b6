import type { Resources } from '../model/index.js';
import type { MigrationType } from './records.js';
import type { GroupPolicy } from './topology.js';

/** What happened in the simulated cloud; the first entries describe the cloud that it began with. */
export type LogEvent =
  | {
      readonly kind: 'host';
      readonly host: string;
      readonly capacity: Resources;
      readonly enabled: boolean;
      /** Why it is disabled. */
      readonly reason: string | null;
    }
  /** Its compute service was deleted. */
  | { readonly kind: 'host-gone'; readonly host: string }
  /** A host goes down or comes back. */
  | { readonly kind: 'host-state'; readonly host: string; readonly up: boolean }
  | {
      readonly kind: 'group';
      readonly groupId: string;
      readonly name: string;
      readonly policy: GroupPolicy | null;
      readonly maxOutOfService: number | null;
      readonly maxImpacted: number | null;
      readonly recoveryTime: number | null;
    }
  | {
      readonly kind: 'instance-added';
      readonly instanceId: string;
      readonly name: string;
      readonly projectId: string;
      readonly groupId: string | null;
    }
  /** A server's status, task or host changed. */
  | {
      readonly kind: 'state';
      readonly instanceId: string;
      readonly host: string | null;
      readonly status: string;
      readonly taskState: string | null;
      readonly inService: boolean;
      /** Whoever owns it did that, or bad luck: not the service under test. */
      readonly excused: boolean;
    }
  | { readonly kind: 'instance-gone'; readonly instanceId: string }
  /** An instance takes room on a host (a moving one on two) until it is released; `consumer` is Placement's. */
  | {
      readonly kind: 'claim';
      readonly consumer: string;
      readonly instanceId: string;
      readonly host: string;
      readonly resources: Resources;
    }
  | { readonly kind: 'release'; readonly consumer: string; readonly instanceId: string; readonly host: string }
  /** Somebody asked for a server to be stopped or started. */
  | {
      readonly kind: 'power';
      readonly instanceId: string;
      readonly on: boolean;
      /** Whether the service under test did that. */
      readonly byService: boolean;
    }
  | {
      readonly kind: 'service';
      readonly host: string;
      readonly enabled: boolean;
      readonly reason: string | null;
      /** Whether the service under test did that. */
      readonly byService: boolean;
    }
  | {
      readonly kind: 'move-begun';
      readonly migrationId: number;
      readonly instanceId: string;
      readonly type: MigrationType;
      readonly from: string;
      readonly byProjectId: string;
    }
  | {
      readonly kind: 'move-scheduled';
      readonly migrationId: number;
      readonly instanceId: string;
      readonly to: string;
    }
  /** The instance runs on the target (a cold one still wants to be confirmed). */
  | { readonly kind: 'move-arrived'; readonly migrationId: number; readonly instanceId: string; readonly to: string }
  | {
      readonly kind: 'move-ended';
      readonly migrationId: number;
      readonly instanceId: string;
      readonly type: MigrationType;
      /** Nova's last word: confirmed, completed, reverted, error, cancelled, failed. */
      readonly outcome: string;
      /** Who confirmed, reverted or aborted it; null if it ended by itself. */
      readonly byProjectId: string | null;
    }
  /** Something that the fault plan did. */
  | {
      readonly kind: 'fault';
      readonly what: string;
      readonly method: string | null;
      readonly path: string | null;
      readonly instanceId: string | null;
      readonly migrationId: number | null;
    }
  /** A call that changes something, whatever came of it. */
  | {
      readonly kind: 'call';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly projectId: string | null;
      readonly body: unknown;
    }
  | {
      readonly kind: 'alarm-post';
      readonly projectId: string;
      readonly url: string;
      readonly eventType: string;
      readonly messageId: string | null;
      readonly state: string | null;
      /** HTTP status, or null if there was no answer. */
      readonly status: number | null;
    };

export type LogEntry = LogEvent & { readonly at: Date };

/** The simulator's own record of all that happened, by which tests judge the product. */
export class SimulatorLog {
  private readonly all: LogEntry[] = [];

  constructor(private readonly now: () => Date) {}

  add(event: LogEvent): void {
    this.all.push({ ...event, at: this.now() });
  }

  /** Everything so far, oldest first. */
  entries(): readonly LogEntry[] {
    return this.all;
  }

  /** The entries of one kind, oldest first. */
  of<K extends LogEvent['kind']>(kind: K): (Extract<LogEvent, { kind: K }> & { readonly at: Date })[] {
    return this.all.filter((entry) => entry.kind === kind) as (Extract<LogEvent, { kind: K }> & {
      readonly at: Date;
    })[];
  }
}
