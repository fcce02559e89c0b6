import type { HostState } from '../model/index.js';
import { wordOf } from './host-grid.js';
import type { Progress } from './progress.js';
import {
  cleanStatus,
  countByState,
  counted,
  type HostStatus,
  type SessionStatus,
  type WaitStatus,
} from './session-status.js';

/** One line per change of state, of a host's state or of what is waited for: for log files and pipes. */
export class PlainProgress implements Progress {
  private state: string | undefined;
  private readonly hosts = new Map<string, HostState>();
  private wait = '';
  private ended = false;

  constructor(private readonly stream: { write(text: string): unknown }) {}

  update(status: SessionStatus): void {
    if (this.ended) return;
    const clean = cleanStatus(status);
    const lines = [...this.stateLines(clean), ...this.hostLines(clean.hosts), ...this.waitLines(clean.waiting)];
    const time = isoSeconds(status.domainTime);
    if (lines.length > 0) this.stream.write(lines.map((line) => `${time} ${line}\n`).join(''));
  }

  end(): void {
    this.ended = true;
  }

  private stateLines(status: SessionStatus): string[] {
    if (status.state === this.state) return [];
    const first = this.state === undefined;
    this.state = status.state;
    // In a new state the same reason to wait is news again.
    this.wait = '';
    const line = `${status.state}: ${status.percentDone} % done, ${counted(status.moved, 'move')}, ${counted(status.notices, 'notice')}`;
    return first ? [`session ${status.sessionId}: ${this.introduce(status.hosts)}`, line] : [line];
  }

  /** Takes the hosts as they are: hundreds of lines that say "waiting" would help nobody. */
  private introduce(hosts: readonly HostStatus[]): string {
    for (const { hostname, state } of hosts) this.hosts.set(hostname, state);
    const counts = [...countByState(hosts)].map(([state, count]) => `${count} ${wordOf(state)}`);
    return [counted(hosts.length, 'host'), ...counts].join(', ');
  }

  private hostLines(hosts: readonly HostStatus[]): string[] {
    const changed = hosts.filter(({ hostname, state }) => this.hosts.get(hostname) !== state);
    for (const { hostname, state } of changed) this.hosts.set(hostname, state);
    return changed.map(
      ({ hostname, type, state, instances }) =>
        `${type} ${hostname}: ${wordOf(state)}, ${counted(instances, 'instance')}`,
    );
  }

  private waitLines(waiting: WaitStatus | null): string[] {
    if (waiting === null) return [];
    const wait = `waits for ${waiting.for}: ${waiting.message}`;
    if (wait === this.wait) return [];
    this.wait = wait;
    return [`${wait} (until ${isoSeconds(waiting.until)})`];
  }
}

function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
