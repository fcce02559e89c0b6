import { isThrough, type SessionHost } from '../../src/model/index.js';
import { toAll } from '../../src/workflow/asking-all.js';
import type { StateHandler, WorkflowPlugin } from '../../src/workflow/contract.js';
import { controllersHeld, waitForQuorum } from '../../src/workflow/controllers.js';
import type { Decision, Step } from '../../src/workflow/decisions.js';
import {
  type EmptyingRules,
  emptyOne,
  feasiblePlan,
  neverEmpty,
  notYetTaken,
  otherReceivers,
} from '../../src/workflow/emptying-flow.js';
import { completeSession } from '../../src/workflow/ending.js';
import { guarded } from '../../src/workflow/guard.js';
import { workOn } from '../../src/workflow/host-work.js';
import { computesOf, isDown, waitingComputes } from '../../src/workflow/hosts.js';
import { assumeUnmanaged } from '../../src/workflow/managers.js';
import { ask, plainWindow, troubleOf } from '../../src/workflow/notices.js';
import { openSession } from '../../src/workflow/opening.js';
import { isBetweenHosts } from '../../src/workflow/prospects.js';
import { replyWindow } from '../../src/workflow/reply-window.js';
import { mayReceive, serversOn } from '../../src/workflow/room.js';
import { scaleInRoundsWithoutGain } from '../../src/workflow/scale-in.js';
import { isStopped } from '../../src/workflow/stopped.js';
import { failing, resolveTrouble } from '../../src/workflow/trouble.js';
import type { SessionView, WorkflowTools } from '../../src/workflow/view.js';
import { holding } from '../../src/workflow/waits.js';

/** MAINTENANCE: claims hosts, tells all projects, waits for their answers and for maintenance_at, runs `pre`. */
const maintenance: StateHandler = async (view, tools) => (await openSession(view, tools)) ?? (await first(view, tools));

/** Hosts that were added are maintained already, but nothing leads straight from there to PLANNED_MAINTENANCE (v1 §2.1). */
async function first(view: SessionView, tools: WorkflowTools): Promise<Step> {
  const next = await choose(view, tools);
  return 'to' in next && next.to === 'PLANNED_MAINTENANCE' ? { ...next, to: 'START_MAINTENANCE' } : next;
}

/** SCALE_IN: asks the projects to free capacity, for as long as that helps. */
const scaleIn: StateHandler = async (view, tools) => {
  const asked = ask(view, {
    ...toAll(view, 'SCALE_IN'),
    window: (_repeated, projectId) => plainWindow(view.now, replyWindow(view, 'project_scale_in_reply', projectId)),
    repeats: Math.min(1, view.settings.notifyRetries),
    since: view.session.stateSince,
  });
  const trouble = troubleOf(asked, () => []);
  if (trouble !== undefined) return resolveTrouble(view, trouble);
  if (asked.decisions.length > 0) return { do: await assumeUnmanaged(view, tools, asked.decisions) };
  if (asked.wait !== undefined) return holding(asked.wait, waitingComputes(view).map(nameOf));
  const next = await choose(view, tools);
  if (!('to' in next) || next.to !== 'SCALE_IN') return next;
  const rounds = scaleInRoundsWithoutGain(view);
  if (rounds < view.settings.scaleInNoGainRounds) return next;
  const message = `${rounds} rounds of SCALE_IN freed nothing. ${next.why}`;
  return failing({ code: 'no-room', message });
};

/** PREPARE_MAINTENANCE: moves instances together so that one host becomes empty. */
const prepare: StateHandler = async (view, tools) => {
  // One is enough: whatever moves now moves a second time later (L12).
  if (view.hosts.some((host) => host.state === 'empty')) return { to: 'START_MAINTENANCE', why: 'A host was emptied.' };
  const emptying = await emptyOne(view, tools, PREPARE);
  if ('step' in emptying) return emptying.step;
  return 'emptied' in emptying
    ? { to: 'START_MAINTENANCE', why: `Host ${emptying.emptied.hostname} is empty.` }
    : { to: 'SCALE_IN', why: emptying.stuck };
};

/** START_MAINTENANCE: maintains controllers, then computes that are empty, one at a time; `other` hosts last. */
const start: StateHandler = async (view) => {
  const active =
    view.hosts.find(({ state }) => state === 'in_maintenance' || state === 'empty') ??
    view.hosts.find(({ state }) => state === 'emptying');
  if (active !== undefined) return maintain(view, active);
  const quorum = waitForQuorum(view);
  if (quorum !== undefined) return quorum;
  const next = nextDue(view);
  if (next !== undefined) return { do: [beginWith(next)] };
  return computesOf(view).some((host) => host.state === 'waiting')
    ? { to: 'PLANNED_MAINTENANCE', why: 'The empty hosts are maintained, others still hold instances.' }
    : { to: 'MAINTENANCE_COMPLETE', why: 'All hosts are maintained.' };
};

/** PLANNED_MAINTENANCE: moves the instances of a not maintained host to maintained ones. */
const planned: StateHandler = async (view, tools) => {
  if (view.hosts.some((host) => host.state === 'empty')) return { to: 'START_MAINTENANCE', why: 'A host was emptied.' };
  const emptying = await emptyOne(view, tools, PLANNED);
  if ('step' in emptying) return emptying.step;
  if ('emptied' in emptying) return { to: 'START_MAINTENANCE', why: `Host ${emptying.emptied.hostname} is empty.` };
  return computesOf(view).some((host) => host.state === 'waiting' || host.state === 'emptying')
    ? { to: 'SCALE_IN', why: emptying.stuck }
    : { to: 'START_MAINTENANCE', why: 'No host is left to be emptied.' };
};

export default {
  name: 'default',
  version: '1.0.0',
  description: 'One host after the other, instances moved onto maintained hosts',
  style: 'default',
  states: {
    MAINTENANCE: guarded(maintenance),
    SCALE_IN: guarded(scaleIn),
    PREPARE_MAINTENANCE: guarded(prepare),
    START_MAINTENANCE: guarded(start),
    PLANNED_MAINTENANCE: guarded(planned),
    MAINTENANCE_COMPLETE: guarded(completeSession),
  },
} satisfies WorkflowPlugin;

/**
 * A host that is down, then the one that is cheapest to empty: without floating IPs, with the fewest instances; onto any
 * host that may receive.
 */
const PREPARE: EmptyingRules = {
  state: 'PREPARE_MAINTENANCE',
  targets: otherReceivers,
  candidates: (view) => cheapestFirst(view, waitingComputes(view)),
};

/**
 * The next not maintained host, fewest instances first; onto maintained hosts only (L12), unless none of those that
 * are maintained by now is ever to receive.
 */
const PLANNED: EmptyingRules = {
  state: 'PLANNED_MAINTENANCE',
  targets: (view, host) => {
    // A skipped host is not emptied any more, so nobody moves a second time from there.
    const settled = computesOf(view).filter((known) => known.state === 'skipped' || isMaintained(known));
    const usable = settled.filter((known) => !known.disabledBefore && !isDown(view.cloud, known.hostname));
    if (usable.length === 0) return otherReceivers(view, host);
    return usable.map(({ hostname }) => hostname).filter((hostname) => mayReceive(view, hostname));
  },
  candidates: (view) => cheapestFirst(view, waitingComputes(view)),
};

/** By free room: an empty compute, or one that can be emptied, or capacity has to be freed first (v1 §5.2). */
async function choose(view: SessionView, tools: WorkflowTools): Promise<Step> {
  const quorum = waitForQuorum(view);
  if (quorum !== undefined) return quorum;
  const computes = computesOf(view).filter((host) => !isThrough(host.state));
  // A host that is being emptied goes first: starting with another would only come back here.
  const half = computes.some((host) => host.state === 'emptying' && serversOn(view, host.hostname).length > 0);
  const isEmpty = (host: SessionHost): boolean => host.state === 'empty' || serversOn(view, host.hostname).length === 0;
  const empty = half ? undefined : computes.find(isEmpty);
  if (computes.length === 0) return { to: 'START_MAINTENANCE', why: 'No compute host needs to be emptied.' };
  if (empty !== undefined) return { to: 'START_MAINTENANCE', why: `Host ${empty.hostname} is empty.` };
  const maintained = computesOf(view).filter(isMaintained);
  const some = maintained.length > 0;
  const found = await feasiblePlan(view, tools, withEmptying(some ? PLANNED : PREPARE), true);
  if ('plan' in found) {
    const why = `There is room to empty host ${found.host.hostname}.`;
    return { to: some ? 'PLANNED_MAINTENANCE' : 'PREPARE_MAINTENANCE', why };
  }
  // Hosts that were added may be too small for any other: as long as none was emptied, all hosts together may do.
  if (some && maintained.every(({ scaled }) => scaled === 'added')) {
    const together = await feasiblePlan(view, tools, withEmptying(PREPARE), true);
    if ('plan' in together) {
      return { to: 'PREPARE_MAINTENANCE', why: `There is room to empty host ${together.host.hostname}.` };
    }
  }
  return { to: 'SCALE_IN', why: found.why };
}

/** Its room is to be had. */
function isMaintained({ maintained, scaled }: SessionHost): boolean {
  return maintained && scaled !== 'removed';
}

/** A host that was being emptied when room was lost goes first. */
function withEmptying(rules: EmptyingRules): EmptyingRules {
  return {
    ...rules,
    candidates: (view) => {
      const emptying = view.hosts.filter((host) => host.state === 'emptying');
      return emptying.length > 0 ? emptying : rules.candidates(view);
    },
  };
}

function maintain(view: SessionView, host: SessionHost): Step {
  const { hostname } = host;
  if (host.state === 'emptying') {
    const closing = notYetTaken(view, hostname) ?? neverEmpty(view, hostname);
    if (closing !== undefined) return closing;
    const late = serversOn(view, hostname).filter((server) => !isStopped(view, server)).length;
    if (late === 0) return { do: [{ kind: 'verify-empty', host: hostname }] };
    return { to: 'PLANNED_MAINTENANCE', why: `Host ${hostname} got ${late} instance(s) before it was disabled.` };
  }
  if (host.state === 'empty') {
    return { do: [{ kind: 'set-host-state', host: hostname, state: 'in_maintenance', why: 'its actions begin' }] };
  }
  return workOn(view, host);
}

/** Controllers, then computes without instances, then, when all computes are done, the others. */
function nextDue(view: SessionView): SessionHost | undefined {
  const held = controllersHeld(view);
  const waiting = view.hosts.filter((host) => host.state === 'waiting');
  const isFree = (host: SessionHost): boolean => !host.isCompute || serversOn(view, host.hostname).length === 0;
  return (
    waiting.find((host) => host.type === 'controller' && isFree(host) && !held.has(host.hostname)) ??
    waiting.find((host) => host.isCompute && isFree(host) && !held.has(host.hostname)) ??
    (waiting.some((host) => host.isCompute) ? undefined : waiting.find((host) => host.type === 'other'))
  );
}

function beginWith(host: SessionHost): Decision {
  return host.isCompute
    ? { kind: 'take-host', host: host.hostname }
    : { kind: 'set-host-state', host: host.hostname, state: 'empty', why: 'it holds no instances' };
}

function nameOf({ hostname }: SessionHost): string {
  return hostname;
}

function cheapestFirst(view: SessionView, hosts: readonly SessionHost[]): SessionHost[] {
  const cost = (host: SessionHost): number => {
    const servers = serversOn(view, host.hostname);
    const waits = servers.some((server) => isBetweenHosts(view, server));
    // Its instances serve nobody, and keep the others of their groups from moving.
    if (isDown(view.cloud, host.hostname)) return -1;
    // The others give their room back.
    const leaves = view.retiring.has(host.hostname) ? 1e7 : 0;
    return leaves + servers.length + (servers.some((server) => server.hasFloatingIp) ? 1e6 : 0) + (waits ? 1e9 : 0);
  };
  return [...hosts].sort((a, b) => cost(a) - cost(b) || (a.hostname < b.hostname ? -1 : 1));
}
