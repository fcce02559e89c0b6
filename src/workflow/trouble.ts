import type { JournalEntry, Notice, Reach, Reason, SessionHost } from '../model/index.js';
import { policyFor, STAND_IN_ACTIONS } from '../model/index.js';
import type { Decision, GoTo, Step } from './decisions.js';
import { preferredActions } from './preferences.js';
import type { SessionView } from './view.js';
import { holding } from './waits.js';

/** Something that a policy decides about (v1 §5.4). */
export interface Trouble {
  readonly event: 'nack' | 'silence' | 'instance_failed' | 'plugin_failed' | 'immovable' | 'host_down';
  readonly reason: Omit<Reason, 'at'>;
  /** Hosts that end with it where the reach is `skip_host`. */
  readonly hosts: readonly string[];
  /** What was refused, or not answered. */
  readonly notice?: Notice;
  /** What failed: a move or a plug-in run. */
  readonly entry?: JournalEntry;
}

/** How far the trouble reaches, by the project's, the session's or the cloud's policy; what is to be done about it. */
export function resolveTrouble(view: SessionView, trouble: Trouble): Step {
  switch (reachOf(view, trouble)) {
    case 'skip_host':
      return holding(skip(view, trouble), trouble.hosts);
    case 'force':
      return holding(force(view, trouble), trouble.hosts);
    case 'ask':
      return holding(askAdmin(view, trouble), trouble.hosts);
    default:
      return failing(trouble.reason);
  }
}

/** The session ends in MAINTENANCE_FAILED when more hosts were lost than allowed, or all of them. */
export function beyondBudget(view: SessionView): Step | undefined {
  const lost = view.hosts.filter((host) => host.lost?.counts === true);
  const budget = view.session.policy.failure_budget ?? view.settings.policy.failure_budget ?? null;
  const names = lost.map((host) => host.hostname).join(', ');
  if (budget !== null && lost.length > budget) {
    const message = `${lost.length} host(s) were lost, ${budget} may be: ${names}.`;
    return { to: 'MAINTENANCE_FAILED', why: message, reason: { code: 'failure-budget', message } };
  }
  if (lost.length > 0 && lost.length === view.hosts.length) {
    const message = `Every host was lost: ${names}.`;
    return { to: 'MAINTENANCE_FAILED', why: message, reason: { code: 'failure-budget', message } };
  }
  return undefined;
}

function reachOf(view: SessionView, { event, reason }: Trouble): Reach {
  const { policy } = view.session;
  const defaults = view.settings.policy;
  // Where it can't be stopped while out, the host is left out (v1 §5.1).
  if (event === 'immovable') {
    const said = policyFor('immovable', policy, defaults, reason.projectId) ?? 'fail';
    return said === 'fail' ? 'fail' : 'skip_host';
  }
  if (event === 'host_down') {
    const mustFail = (policy.down_hosts ?? defaults.down_hosts) === 'fail';
    return mustFail && view.cloud.servers.some(({ host }) => host === reason.host) ? 'fail' : 'skip_host';
  }
  const reach =
    event === 'plugin_failed'
      ? (policy.plugin_failed ?? defaults.plugin_failed)
      : policyFor(event, policy, defaults, reason.projectId);
  return reach ?? 'fail';
}

/** The session fails for that reason. */
export function failing(reason: Omit<Reason, 'at'>): GoTo {
  return { to: 'MAINTENANCE_FAILED', why: reason.message, reason };
}

/** The hosts end unmaintained, those on which an action began stay disabled; the session goes on without them. */
function skip(view: SessionView, trouble: Trouble): Step {
  // `pre` and `post` plug-ins are about no host that could be left out.
  if (trouble.event === 'plugin_failed' && trouble.hosts.length === 0) return failing(trouble.reason);
  const begun = view.effects.filter(
    ({ kind, state, host }) => kind !== 'settle' && state === 'begun' && trouble.hosts.includes(host ?? ''),
  );
  if (begun.length > 0) {
    const message = `${trouble.reason.message} Waiting for ${begun.length} effect(s) there to end.`;
    const until = new Date(view.now.getTime() + view.settings.blockedTimeoutS * 1000);
    return { wait: { for: 'effects', message, until } };
  }
  const { code, message } = trouble.reason;
  // A failed pre-flight touched nothing.
  const isCheck = trouble.entry?.intent.phase === 'check';
  const state = trouble.event === 'plugin_failed' && !isCheck ? 'failed' : 'skipped';
  // What an admin decided about immovable instances and dead hosts does not use up the budget.
  const counts = trouble.event !== 'immovable' && trouble.event !== 'host_down';
  const losses = trouble.hosts.map((host): Decision => ({ kind: 'lose-host', host, state, code, message, counts }));
  return { do: [...losses, ...settled(trouble, 'tolerated')] };
}

function force(view: SessionView, trouble: Trouble): Step {
  const { notice, entry } = trouble;
  if (notice !== undefined) {
    // Never before the time that the project was told.
    if (notice.actionsAt !== null && notice.actionsAt > view.now) {
      const message = `${trouble.reason.message} Going on at the time it was told.`;
      return { wait: { for: 'actions-at', message, until: notice.actionsAt } };
    }
    return { do: settled(trouble, 'forced', preferredActions(view, notice)) };
  }
  if (entry?.kind === 'plugin') return { do: [{ kind: 'overrule-plugin', entry }] };
  const next = entry && nextWay(view, entry);
  return entry !== undefined && next !== undefined
    ? { do: [{ kind: 'move-otherwise', entry, action: next }] }
    : skip(view, trouble);
}

/** The next way that the instance's own list allows after the one that failed. */
export function nextWay(view: SessionView, entry: JournalEntry) {
  const isStandIn = STAND_IN_ACTIONS.some((action) => action === entry.intent.action);
  if (entry.kind !== 'move' || isStandIn) return undefined;
  const ways = view.constraints.instance(entry.subject)?.migrationTypes ?? [];
  const next = ways[ways.indexOf(entry.intent.action as (typeof ways)[number]) + 1];
  return next === undefined || next === 'NO_MIGRATION' ? undefined : next;
}

/** Waits for the admin's word, and after `ask_timeout` for nobody any more. */
function askAdmin(view: SessionView, trouble: Trouble): Step {
  const { notice, hosts, event, reason } = trouble;
  const host = hosts.length === 1 ? view.hosts.find(({ hostname }) => hostname === hosts[0]) : undefined;
  const question = notice === undefined ? host?.question : notice.question;
  if (notice === undefined && host === undefined) return failing(trouble.reason);
  if (question === null || question === undefined) {
    const { message } = reason;
    return { do: [{ kind: 'ask-admin', event, message, ...aboutWhat(notice, host) }] };
  }
  if (question.answered) return force(view, trouble);
  if (question.until <= view.now) return failing(trouble.reason);
  const message = `Waiting for an admin to decide: ${reason.message}`;
  return { wait: { for: 'question', message, until: question.until } };
}

function aboutWhat(notice: Notice | undefined, host: SessionHost | undefined) {
  return notice === undefined ? { host: host?.hostname ?? '' } : { noticeId: notice.noticeId };
}

function settled({ notice }: Trouble, outcome: 'tolerated' | 'forced', actions = {}): Decision[] {
  return notice === undefined ? [] : [{ kind: 'close-notice', noticeId: notice.noticeId, outcome, actions }];
}
