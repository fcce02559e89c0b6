import type { Command, HostState, Session, SessionHost, SessionState } from '../model/index.js';

/**
 * A session as it will be once its owner has consumed what was asked of it already: the API never changes a session
 * itself (L2), and an engine may be away. What is asked next is judged by this, so that a `resume` right after a
 * `pause` is not taken for idle.
 */
export interface Prospect {
  readonly state: SessionState;
  readonly failedIn: SessionState | null;
  readonly paused: boolean;
  /** An admin ended it, or is about to: it is not resumable. */
  readonly aborted: boolean;
  /** With moves in flight taken back. */
  readonly reverting: boolean;
  /** Without excluded ones. */
  readonly hosts: readonly SessionHost[];
  readonly excluded: readonly string[];
  /** Added, not joined yet. */
  readonly pendingHosts: readonly string[];
}

/** @param commands unhandled ones in the order in which they came */
export function prospectOf(session: Session, hosts: readonly SessionHost[], commands: readonly Command[]): Prospect {
  const included = hosts.filter((host) => host.excluded === null);
  const start: Prospect = {
    state: session.state,
    failedIn: session.failedIn,
    paused: session.pausedAt !== null,
    aborted: session.aborting !== null || session.reason?.code === 'aborted',
    reverting: session.aborting?.revert === true,
    hosts: included,
    excluded: hosts.filter((host) => host.excluded !== null).map((host) => host.hostname),
    pendingHosts: session.pendingHosts,
  };
  return commands.reduce(after, start);
}

/** What becomes of a host that a command names. */
const HOST_STATE_AFTER: Partial<Record<Command['kind'], HostState>> = {
  retry_host: 'waiting',
  skip_host: 'skipped',
  mark_host_done: 'done',
};

function after(prospect: Prospect, { kind, args }: Command): Prospect {
  switch (kind) {
    case 'pause':
      return { ...prospect, paused: true };
    case 'resume':
      return { ...prospect, paused: false };
    case 'abort':
      return {
        ...prospect,
        paused: false,
        aborted: true,
        reverting: prospect.reverting || args.moves === 'revert',
      };
    case 'continue-session':
      return { ...prospect, state: prospect.failedIn ?? prospect.state };
    case 'add_hosts':
      return { ...prospect, pendingHosts: [...prospect.pendingHosts, ...(args.hosts as string[])] };
    case 'continue':
      return { ...prospect, hosts: prospect.hosts.map((host) => answered(host, args.host)) };
    default: {
      const state = HOST_STATE_AFTER[kind];
      return state === undefined ? prospect : { ...prospect, hosts: withState(prospect.hosts, args.host, state) };
    }
  }
}

function withState(hosts: readonly SessionHost[], hostname: unknown, state: HostState): SessionHost[] {
  return hosts.map((host) => (host.hostname === hostname ? { ...host, state, question: null } : host));
}

function answered(host: SessionHost, hostname: unknown): SessionHost {
  if (host.hostname !== hostname || host.question === null) return host;
  return { ...host, question: { ...host.question, answered: true } };
}
