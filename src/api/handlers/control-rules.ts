import { hostNamed, isUnfinished, type Notice, type Question, type SessionHost } from '../../model/index.js';
import { impossible } from '../errors.js';
import type { Prospect } from '../prospect.js';
import type { ControlBody } from '../schemas/control.js';

/*
 * Which control makes sense when (v1 §1.5). Each rule says what the owner is to carry out, null when it is so already,
 * or refuses with 422. They are pure: what they need to know is read before.
 */

export interface ControlFacts {
  readonly prospect: Prospect;
  /** Hosts on which a plug-in runs at this moment. */
  readonly atWork: ReadonlySet<string>;
  /** Notices with a question to the admin. */
  readonly questions: readonly Notice[];
}

/** Arguments of the command. */
export type Args = Readonly<Record<string, unknown>>;

export type Rule<K extends keyof ControlBody> = (value: Required<ControlBody>[K], facts: ControlFacts) => Args | null;

export const CONTROL_RULES: { readonly [K in keyof Required<ControlBody>]: Rule<K> } = {
  pause: (_, { prospect }) => {
    requireActive('pause', prospect);
    return prospect.paused ? null : {};
  },

  // A failed session is resumed by PUT alone.
  resume: (_, { prospect }) => {
    requireActive('resume', prospect);
    return prospect.paused ? {} : null;
  },

  abort: (value, { prospect }) => {
    if (prospect.state === 'MAINTENANCE_DONE') throw wrongSession('abort', 'it is done');
    // To have moves taken back may still be asked for while they end.
    const isMore = value.moves === 'revert' && !prospect.reverting && isUnfinished(prospect.state);
    return prospect.aborted && !isMore ? null : { ...value };
  },

  retry_host: ({ host: name }, { prospect, questions }) => {
    requireActiveOrFailed('retry_host', prospect);
    requireNotCompleting('retry_host', prospect);
    const host = hostOf('retry_host', prospect, name);
    const hasFailed = host.state === 'failed' || host.state === 'skipped' || isAsking(host, questions);
    // A session that failed stopped its hosts in the midst of something.
    const hasStopped = !isUnfinished(prospect.state) && host.state !== 'done' && host.state !== 'waiting';
    if (!hasFailed && !hasStopped) throw wrongHost('retry_host', host, 'nothing failed there');
    return { host: host.hostname };
  },

  skip_host: ({ host: name }, facts) => {
    const host = hostOf('skip_host', facts.prospect, name);
    if (host.state === 'skipped') return null;
    if (host.state === 'done') throw wrongHost('skip_host', host, 'it is maintained');
    requireReleasable('skip_host', host, facts);
    return { host: host.hostname };
  },

  mark_host_done: ({ host: name }, facts) => {
    const host = hostOf('mark_host_done', facts.prospect, name);
    if (host.state === 'done') return null;
    requireReleasable('mark_host_done', host, facts);
    return { host: host.hostname };
  },

  add_hosts: ({ hosts }, { prospect }) => {
    requireActiveOrFailed('add_hosts', prospect);
    requireNotCompleting('add_hosts', prospect);
    const excluded = hosts.findIndex((name) => hostNamed(name, prospect.excluded, String) !== undefined);
    if (excluded >= 0) {
      const sentence = `Host ${hosts[excluded]} was excluded from this session; the detail says why.`;
      throw impossible('host-excluded', `add_hosts.hosts[${excluded}]`, sentence);
    }
    const known = [...prospect.hosts.map(({ hostname }) => hostname), ...prospect.pendingHosts];
    const added = [...new Set(hosts)].filter((name) => hostNamed(name, known, String) === undefined);
    return added.length === 0 ? null : { hosts: added };
  },

  // A failed session puts its questions again when it is continued.
  continue: ({ host: name, project_id: projectId }, { prospect, questions }) => {
    requireActive('continue', prospect);
    if (name !== undefined) {
      const host = hostOf('continue', prospect, name);
      const { hostname } = host;
      if (questionsAbout(host, questions).length === 0) throw noQuestion('continue.host', `host ${hostname}`);
      return isAsking(host, questions) ? { host: hostname } : null;
    }
    const own = questions.filter((notice) => notice.projectId === projectId);
    if (own.length === 0) throw noQuestion('continue.project_id', `project ${projectId}`);
    return own.every(({ question }) => question?.answered) ? null : { project_id: projectId };
  },
};

function requireActive(key: string, { state, aborted }: Prospect): void {
  if (aborted) throw wrongSession(key, 'it was aborted');
  if (!isUnfinished(state)) throw wrongSession(key, `its state is ${state}`);
}

/** In a failed session it is kept for the PUT. */
function requireActiveOrFailed(key: string, { state, aborted }: Prospect): void {
  if (aborted) throw wrongSession(key, 'it was aborted');
  if (state === 'MAINTENANCE_DONE') throw wrongSession(key, 'it is done');
}

/** From there no way leads back to hosts. */
function requireNotCompleting(key: string, { state, failedIn }: Prospect): void {
  const goesOnIn = state === 'MAINTENANCE_FAILED' ? failedIn : state;
  if (goesOnIn === 'MAINTENANCE_COMPLETE') throw wrongSession(key, 'it is completing');
}

/** Whether a host may be given back by the admin's word. In sessions that ended, only what was left disabled is. */
function requireReleasable(key: string, host: SessionHost, { prospect, atWork }: ControlFacts): void {
  const isOver = prospect.aborted || prospect.state === 'MAINTENANCE_DONE';
  if (isOver && !host.disabled) throw wrongHost(key, host, 'the session is over and did not leave it disabled');
  if (atWork.has(host.hostname))
    throw wrongHost(key, host, 'a plug-in is at work on it; try again when that has ended');
}

function hostOf(key: string, { hosts }: Prospect, name: string): SessionHost {
  const host = hostNamed(name, hosts, ({ hostname }) => hostname);
  if (host === undefined) throw impossible('unknown-host', `${key}.host`, `Host ${name} is no part of this session.`);
  return host;
}

function isAsking(host: SessionHost, questions: readonly Notice[]): boolean {
  return questionsAbout(host, questions).some(({ answered }) => !answered);
}

/** Its own question, else those of what projects said about emptying it; an answer to the first is one to all. */
function questionsAbout({ hostname, question }: SessionHost, questions: readonly Notice[]): Question[] {
  if (question !== null) return [question];
  return questions.flatMap((notice) => (notice.host === hostname && notice.question ? [notice.question] : []));
}

function wrongSession(key: string, why: string) {
  return impossible('session-state', key, `${key} is not possible for this session: ${why}.`);
}

function wrongHost(key: string, { hostname, state }: SessionHost, why: string) {
  return impossible('host-state', `${key}.host`, `${key} is not possible for host ${hostname} (${state}): ${why}.`);
}

function noQuestion(field: string, whom: string) {
  return impossible('no-question', field, `There is no question about ${whom}.`);
}
