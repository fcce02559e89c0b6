import type { HostState, HostType } from '../model/index.js';
import { plainText } from './text.js';

export interface HostStatus {
  readonly hostname: string;
  readonly type: HostType;
  readonly state: HostState;
  /** Instances that are on the host now. */
  readonly instances: number;
}

export interface WaitStatus {
  /** Stable word, e.g. `replies`. */
  readonly for: string;
  /** A sentence for people. */
  readonly message: string;
  /** When the wait ends by itself; domain time. */
  readonly until: Date;
}

/** What a progress display is told about a session. Texts may come from anywhere: they are cleaned before they are shown. */
export interface SessionStatus {
  readonly sessionId: string;
  readonly state: string;
  /** 0 to 100. */
  readonly percentDone: number;
  /** In an order that stays, so that a host stays at its place on the screen. */
  readonly hosts: readonly HostStatus[];
  readonly waiting: WaitStatus | null;
  readonly domainTime: Date;
  /** Moves of instances so far. */
  readonly moved: number;
  /** Notices sent to projects so far. */
  readonly notices: number;
  /** Domain seconds per real second. */
  readonly speed: number;
  /** Domain time from which the running time is counted; default: when the display began. */
  readonly startedAt?: Date;
  /** How long it will take yet, as `about 5 min left`. */
  readonly remaining?: string;
  /** What else is told of it, in order. */
  readonly sections?: readonly Section[];
  /** What happened last, oldest first. */
  readonly news?: readonly string[];
}

/** Lines below a title, e.g. the moves under way. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  /** Lines that are shown of it; the number of the others stands in their place. */
  readonly most: number;
}

/** compute-2 before compute-10. */
const BY_NUMBER = new Intl.Collator('en', { numeric: true });

/** The status with all its texts fit to be written to a terminal, the hosts in the order in which people count. */
export function cleanStatus(status: SessionStatus): SessionStatus {
  const { waiting, sections, news } = status;
  return {
    ...status,
    ...(sections && { sections: sections.map((one) => ({ ...one, lines: one.lines.map(plainText) })) }),
    ...(news && { news: news.map(plainText) }),
    sessionId: plainText(status.sessionId),
    state: plainText(status.state),
    hosts: status.hosts
      .map((host) => ({ ...host, hostname: plainText(host.hostname) }))
      .sort((a, b) => BY_NUMBER.compare(a.hostname, b.hostname)),
    waiting: waiting && { ...waiting, for: plainText(waiting.for), message: plainText(waiting.message) },
  };
}

/** Hosts per state, in the order of the states' table; states without hosts are absent. */
export function countByState(hosts: readonly HostStatus[]): Map<HostState, number> {
  const counts = new Map<HostState, number>();
  for (const { state } of hosts) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** `3 instances`, `1 instance`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
