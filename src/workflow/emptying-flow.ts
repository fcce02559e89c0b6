import { plusSeconds } from '../common/clock.js';
import type { NoticeState, SessionHost } from '../model/index.js';
import type { HostPlan, HostPlanSnapshot } from '../planner/host-plan.js';
import type { Server } from './cloud-port.js';
import type { Decision, Step } from './decisions.js';
import { givenBack, type Moves, movesFrom, nextMoves } from './emptying.js';
import { assumeUnmanaged } from './managers.js';
import { ask, plainWindow, troubleOf } from './notices.js';
import { replyWindow } from './reply-window.js';
import { mayReceive, planSnapshot, serversOn, standingFacts, worthAsking } from './room.js';
import { isStopped } from './stopped.js';
import { resolveTrouble, type Trouble } from './trouble.js';
import { OFFERED_ACTIONS, type SessionView, type WorkflowTools } from './view.js';
import { deadline, holding } from './waits.js';
import { needsTarget } from './ways-off.js';

/** How a workflow empties hosts in one of its states. */
export interface EmptyingRules {
  readonly state: Extract<NoticeState, 'PREPARE_MAINTENANCE' | 'PLANNED_MAINTENANCE'>;
  /** Where the instances of `host` may go. */
  targets(view: SessionView, host: string): readonly string[];
  /** Hosts to be emptied, the preferred one first. */
  candidates(view: SessionView): readonly SessionHost[];
}

/** What emptying one host after the other comes to: a step, or that no host can be emptied. */
export type Emptying = { readonly step: Step } | { readonly stuck: string } | { readonly emptied: SessionHost };

/** Asking Placement again is worth while only after it could have learned something. */
const PLACEMENT_PAUSE_S = 3;

/** Empties one host at a time: plan and prove, disable, tell, move, verify. */
export async function emptyOne(view: SessionView, tools: WorkflowTools, rules: EmptyingRules): Promise<Emptying> {
  const current = view.hosts.find((host) => host.state === 'emptying' && host.isCompute);
  if (current === undefined) return begin(view, tools, rules);
  const next = await goOn(view, tools, rules, current);
  return 'step' in next ? { step: holding(next.step, [current.hostname]) } : next;
}

/** Whether some host could be emptied under the rules; its plan, not yet proven. */
export async function feasiblePlan(
  view: SessionView,
  tools: WorkflowTools,
  rules: EmptyingRules,
  patient = false,
): Promise<{ readonly host: SessionHost; readonly plan: HostPlan } | { readonly why: string }> {
  let why = 'There is no host to be emptied.';
  for (const host of rules.candidates(view)) {
    const plan = await planFor(view, tools, rules, host.hostname, patient);
    if (plan.blocked.length === 0) return { host, plan };
    why = `Host ${host.hostname} cannot be emptied: ${plan.blocked[0]?.message}`;
  }
  return { why };
}

async function begin(view: SessionView, tools: WorkflowTools, rules: EmptyingRules): Promise<Emptying> {
  const free = rules.candidates(view).find((host) => serversOn(view, host.hostname).length === 0);
  if (free !== undefined) return { emptied: free };
  const ready = rules.candidates(view).find((host) => isStillGood(view, rules, host.hostname));
  if (ready !== undefined) return { step: { do: [{ kind: 'take-host', host: ready.hostname }] } };
  return adopt(view, tools, rules);
}

async function adopt(view: SessionView, tools: WorkflowTools, rules: EmptyingRules, hosts = rules): Promise<Emptying> {
  const found = await feasiblePlan(view, tools, hosts);
  if ('plan' in found) return { step: adoptStep(view, rules, found.plan) };
  const later = await feasiblePlan(view, tools, hosts, true);
  if (!('plan' in later)) return { stuck: found.why };
  const scheduler = worthAsking(view, later.plan.moves);
  const pause = deadline(view, 'placement', PLACEMENT_PAUSE_S);
  const until = pause > scheduler ? pause : scheduler;
  if (until <= view.now) return { step: adoptStep(view, rules, later.plan, true) };
  const message =
    scheduler > view.now
      ? `Nova's scheduler refused the targets for ${later.host.hostname}; it may not know yet who left them.`
      : `Placement does not show the targets for ${later.host.hostname} as fit and enabled yet.`;
  return { step: { wait: { for: 'placement', message, until, hosts: [later.plan.host] } } };
}

function adoptStep(view: SessionView, rules: EmptyingRules, plan: HostPlan, patient = false): Step {
  return { do: [{ kind: 'adopt-plan', snapshot: snapshotOf(view, rules, plan.host, patient), plan }] };
}

function planFor(
  view: SessionView,
  tools: WorkflowTools,
  rules: EmptyingRules,
  host: string,
  patient: boolean,
): Promise<HostPlan> {
  return tools.planHost(snapshotOf(view, rules, host, patient));
}

function snapshotOf(view: SessionView, rules: EmptyingRules, host: string, patient: boolean): HostPlanSnapshot {
  return planSnapshot(view, host, leaving(view, host), rules.targets(view, host), patient);
}

/** Those for which a target has to be found: not for who is on the way, whose room is taken already. */
function leaving(view: SessionView, host: string): Server[] {
  const moves = movesFrom(view, host);
  return serversOn(view, host).filter((server) => needsTarget(view, server) && moves.get(server.id)?.state !== 'begun');
}

/** The adopted plan covers every instance that is there now, and its targets still may receive. */
function isStillGood(view: SessionView, rules: EmptyingRules, host: string): boolean {
  const plan = view.plans.get(host);
  if (plan === undefined) return false;
  const targets = rules.targets(view, host);
  return leaving(view, host).every((server) => {
    const move = plan.moves.find(({ instanceId }) => instanceId === server.id);
    return move !== undefined && targets.includes(move.target) && !isRefused(view, server.id, move.target);
  });
}

function isRefused(view: SessionView, instanceId: string, host: string): boolean {
  return standingFacts(view).some((fact) => fact.instanceId === instanceId && fact.host === host);
}

/** What to do while a host that was taken still may get instances from Nova's scheduler; undefined once it can't. */
export function notYetTaken(view: SessionView, hostname: string): Step | undefined {
  const last = view.effects.findLast((effect) => effect.kind === 'service' && effect.subject === hostname);
  if (last?.action !== 'disable' || last.state === 'done') return undefined;
  if (last.state === 'begun') return waitForService(view, hostname);
  const message = `The compute service of ${hostname} could not be disabled: ${last.outcome?.message}`;
  return { to: 'MAINTENANCE_FAILED', why: message, reason: { code: 'service-failed', message, host: hostname } };
}

/** What to do about a host on which something is left that nobody can move, when it has been waited for long enough. */
export function neverEmpty(view: SessionView, host: string): Step | undefined {
  const { waiting } = view.session;
  if (waiting?.for !== 'not-empty' || waiting.until > view.now) return undefined;
  return resolveTrouble(view, immovableBy(host, waiting.message));
}

/** Something on the host does not go away, and nobody of us can move it. */
export function immovableBy(host: string, message: string): Trouble {
  return { event: 'immovable', reason: { code: 'blocked', message, host }, hosts: [host] };
}

async function goOn(
  view: SessionView,
  tools: WorkflowTools,
  rules: EmptyingRules,
  host: SessionHost,
): Promise<Emptying> {
  const { hostname } = host;
  const closing = notYetTaken(view, hostname) ?? neverEmpty(view, hostname);
  if (closing !== undefined) return { step: closing };
  const servers = serversOn(view, hostname).filter((server) => !isStopped(view, server));
  if (servers.length === 0 && ![...movesFrom(view, hostname).values()].some((move) => move.state === 'begun')) {
    return { step: { do: [{ kind: 'verify-empty', host: hostname }] } };
  }
  return tellAndMove(view, tools, rules, hostname, servers);
}

async function tellAndMove(
  view: SessionView,
  tools: WorkflowTools,
  rules: EmptyingRules,
  hostname: string,
  servers: readonly Server[],
): Promise<Emptying> {
  const asked = ask(view, {
    state: rules.state,
    instances: byProject(servers),
    host: hostname,
    allowedActions: OFFERED_ACTIONS,
    window: (_repeated, projectId) => plainWindow(view.now, replyWindow(view, 'project_maintenance_reply', projectId)),
    repeats: view.settings.notifyRetries,
  });
  const trouble = troubleOf(asked, () => [hostname]);
  if (trouble !== undefined) return { step: resolveTrouble(view, trouble) };
  const moves = nextMoves(view, hostname, asked.acked);
  if (moves.trouble !== undefined) return { step: resolveTrouble(view, moves.trouble) };
  const telling = asked.decisions.map((decision) => withRoom(view, hostname, decision));
  const decisions = [...(await assumeUnmanaged(view, tools, telling)), ...moves.decisions];
  if (decisions.length > 0) return { step: { do: decisions } };
  if (moves.needsTarget) {
    const only = view.hosts.filter((host) => host.hostname === hostname);
    const next = await adopt(view, tools, rules, { ...rules, candidates: () => only });
    // Whoever is on the way may give room back, or come back.
    if ('stuck' in next && moves.inFlight > 0) {
      return { step: waitForMoves(view, hostname, moves.inFlight, asked.wait) };
    }
    const entry = 'stuck' in next ? givenBack(view, hostname) : undefined;
    return entry === undefined ? next : { step: { do: [{ kind: 'fail-move', entry }] } };
  }
  if (moves.inFlight > 0) return { step: waitForMoves(view, hostname, moves.inFlight, asked.wait) };
  if (moves.held.length > 0) return { step: waitForRules(view, hostname, moves) };
  return { step: asked.wait ?? waitForMoves(view, hostname, servers.length) };
}

/** A notice says for which of its instances the plan leaves room for one more (V6). */
function withRoom(view: SessionView, hostname: string, decision: Decision): Decision {
  if (decision.kind !== 'open-notice') return decision;
  const wanting = decision.instanceIds.filter((id) => view.constraints.keepsRoom(id));
  if (wanting.length === 0) return decision;
  const unkept = new Set(view.plans.get(hostname)?.unkept);
  return { ...decision, planned: { room: Object.fromEntries(wanting.map((id) => [id, !unkept.has(id)])) } };
}

/** Instance ids by the project that owns them. */
export function byProject(servers: readonly Server[]): Map<string, string[]> {
  const projects = new Map<string, string[]>();
  for (const { id, projectId } of servers) projects.set(projectId, [...(projects.get(projectId) ?? []), id]);
  return projects;
}

/** Computes of the cloud that may receive, other than `host`. */
export function otherReceivers(view: SessionView, host: string): string[] {
  return view.cloud.capacities
    .map((capacity) => capacity.host)
    .filter((name) => name !== host && mayReceive(view, name));
}

function waitForService(view: SessionView, hostname: string): Step {
  const until = deadline(view, 'service', view.settings.blockedTimeoutS);
  return { wait: { for: 'service', message: `Waiting for the compute service of ${hostname} to be disabled.`, until } };
}

/** Each move keeps its own time; an answer that is due earlier wakes us as well. */
function waitForMoves(view: SessionView, hostname: string, count: number, answers?: Step): Step {
  const { coldMigrationTimeoutS, liveMigrationWaitS, ownActionTimeoutS } = view.settings;
  const longest = Math.max(coldMigrationTimeoutS, liveMigrationWaitS, ownActionTimeoutS);
  const until = later(deadline(view, 'moves', longest), view.now);
  const due = answers !== undefined && 'wait' in answers ? answers.wait.until : until;
  const message = `Waiting for ${count} instance(s) to leave ${hostname}.`;
  return { wait: { for: 'moves', message, until: due < until ? due : until, poll: true } };
}

/** Retries of a live migration may outlast the first deadline: it moves on rather than standing in the past. */
function later(until: Date, now: Date): Date {
  return until > now ? until : plusSeconds(now, 60);
}

/** A rule that holds for so long fails the session; for what no move of ours ends the policy for immovable instances acts. */
function waitForRules(view: SessionView, hostname: string, { held, betweenHosts }: Moves): Step {
  const until = deadline(view, 'constraints', view.settings.blockedTimeoutS);
  const message = held[0] ?? '';
  if (view.now < until) return { wait: { for: 'constraints', message, until, poll: true } };
  if (betweenHosts) return resolveTrouble(view, immovableBy(hostname, message));
  return { to: 'MAINTENANCE_FAILED', why: message, reason: { code: 'blocked', message } };
}
