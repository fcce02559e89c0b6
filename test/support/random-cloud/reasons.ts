import { couldBeEmptied } from './room.js';
import type { Run } from './run.js';

/** Why a session failed or lost a host, in the words that the product found. */
export interface Given {
  readonly code: string;
  readonly message: string;
  readonly host?: string;
  readonly instanceId?: string;
  readonly projectId?: string;
}

/** Whether a reason is true: by the simulator's log, by what managers themselves did, by the topology. */
type Proof = (run: Run, given: Given) => boolean;

/** A code that is not here is never true of a random cloud: it is always within reach, and so is the database. */
const PROOFS: Readonly<Record<string, Proof>> = {
  aborted: ({ acts }) => acts.some((act) => typeof act === 'object' && 'abort' in act),
  nack: ({ report }, given) =>
    report.replies.some(({ projectId, state }) => projectId === given.projectId && state.startsWith('NACK_')),
  silence: isSilent,
  'no-manager': (run, given) => managerOf(run, given)?.dialect === 'none' && policy(run, 'no_manager') === 'fail',
  'plugin-failed': ({ cloud }, { host }) =>
    cloud.session.actions?.some(({ metadata }) => (metadata?.fail_on as string[] | undefined)?.includes(host ?? '')) ===
    true,
  'instance-failed': hasFailed,
  immovable: (run, { instanceId }) => IMMOVABLE.has(statusOf(run, instanceId) ?? '') || wasRefused(run, instanceId),
  'host-down': ({ simulator }, { host }) =>
    simulator.cloud.hosts.get(host ?? '')?.up === false ||
    simulator.log.of('host-state').some((state) => state.host === host && !state.up),
  'no-hosts': ({ simulator, detail }) =>
    detail.excluded.length > 0 && detail.excluded.every(({ hostname }) => !simulator.cloud.hosts.get(hostname)?.up),
  'constraints-missing': (run) => policy(run, 'constraints') === 'require',
  'service-failed': ({ simulator }, { host }) =>
    simulator.log.of('fault').some(({ path }) => path?.includes('/os-services') === true) && host !== undefined,
  'no-room': (run) => !couldBeEmptied(run),
  'failure-budget': (run) =>
    run.hosts.every(({ hostname, lost }) => lost?.counts !== true || isTrue(run, { ...lost, host: hostname })),
  blocked: (run, { message }) => BLOCKED.some(([what, proof]) => what.test(message) && proof(run)),
};

/** What Nova moves in no way, or not in each. */
const IMMOVABLE: ReadonlySet<string> = new Set(['ERROR', 'PAUSED', 'SUSPENDED', 'RESCUE']);

/** What may hold a session up for longer than `blocked_timeout`. */
const BLOCKED: readonly (readonly [RegExp, (run: Run) => boolean])[] = [
  [/waits for its owner to confirm or revert a resize/, hasOwnersResize],
  [/is still in a migration that did not end in time/, (run) => struck(run, 'stuck')],
  [/is not empty yet/, (run) => hasOwnersResize(run) || has(run, 'SOFT_DELETED') || struck(run, 'stuck')],
  [
    /may be impacted|are impacted|is impacted/,
    (run) => has(run, 'ERROR') || struck(run, 'error') || struck(run, 'stuck') || hasDownHost(run),
  ],
];

export function isTrue(run: Run, given: Given): boolean {
  const projectId = given.projectId ?? /[Pp]roject(?:\(s\))? ([0-9a-f]{32})/.exec(given.message)?.[1];
  const instanceId = given.instanceId ?? /[Ii]nstance ([0-9a-f-]{36})/.exec(given.message)?.[1];
  const whole = { ...given, ...(projectId && { projectId }), ...(instanceId && { instanceId }) };
  return PROOFS[given.code]?.(run, whole) ?? false;
}

/** It was told, and sent no answer to the notice that was given up. */
function isSilent(run: Run, given: Given): boolean {
  const { log } = run.simulator;
  const state = unansweredState(run, given);
  return log.of('alarm-post').some((post) => post.projectId === given.projectId && post.state === state);
}

/** Of the notice that was given up, to which the project sent no answer; undefined if it did. */
export function unansweredState(run: Run, { projectId }: Given): string | undefined {
  const own = run.history.filter(({ details }) => details.project === projectId);
  const gaveUp = run.history.findLast(
    ({ what, details }) =>
      what === 'notice-closed' &&
      (details.outcome === 'silent' || details.outcome === 'tolerated' || details.outcome === 'forced') &&
      own.some((line) => line.what === 'notice' && line.details.noticeId === details.noticeId),
  );
  const notice = own.find(({ what, details }) => what === 'notice' && details.noticeId === gaveUp?.details.noticeId);
  if (gaveUp === undefined || notice === undefined) return undefined;
  const state = String(notice.details.state);
  const answered = run.report.replies.some(
    (reply) =>
      reply.projectId === projectId &&
      reply.state.endsWith(`K_${state}`) &&
      reply.status === 200 &&
      reply.at > notice.at &&
      reply.at < gaveUp.at,
  );
  return answered ? undefined : state;
}

/** A move of it went wrong in Nova, its host failed, or its project did not do what it had said it would. */
function hasFailed(run: Run, { instanceId }: Given): boolean {
  const { log } = run.simulator;
  const faulty = log.of('fault').some((fault) => fault.instanceId === instanceId && fault.what !== 'elsewhere');
  // By its own word, or by its constraints where it was not heard.
  const own = run.journal.some(({ subject, intent }) => subject === instanceId && intent.action === 'OWN_ACTION');
  return faulty || wasRefused(run, instanceId) || own || hasDownHost(run);
}

/** Nova did not take a request to move it, as the cloud's faults had it, or found no host for it. */
function wasRefused({ simulator: { log } }: Run, instanceId: string | undefined): boolean {
  const refused = log.of('fault').filter(({ method }) => method === 'POST');
  if (refused.some(({ path }) => path?.includes(instanceId ?? '?') === true)) return true;
  const scheduled = new Set(log.of('move-scheduled').map(({ migrationId }) => migrationId));
  const ended = log.of('move-ended').filter((move) => move.instanceId === instanceId && move.outcome === 'error');
  return ended.some(({ migrationId }) => !scheduled.has(migrationId));
}

function statusOf({ simulator }: Run, instanceId: string | undefined): string | undefined {
  return simulator.log.of('state').findLast((state) => state.instanceId === instanceId)?.status;
}

function has({ simulator }: Run, status: string): boolean {
  return simulator.log.of('state').some((state) => state.status === status);
}

function struck({ simulator }: Run, what: string): boolean {
  return simulator.log.of('fault').some((fault) => fault.what === what);
}

export function hasDownHost({ simulator }: Run): boolean {
  return simulator.log.of('host-state').some(({ up }) => !up);
}

function hasOwnersResize({ cloud }: Run): boolean {
  return cloud.topology.projects.some(({ instances = [] }) => instances.some(({ resizedFrom }) => resizedFrom));
}

function managerOf({ cloud }: Run, { projectId }: Given) {
  const manager = cloud.topology.projects.find(({ id }) => id === projectId)?.manager;
  return typeof manager === 'object' ? manager : undefined;
}

function policy({ cloud }: Run, key: string): unknown {
  return cloud.options.workflow?.[key];
}
