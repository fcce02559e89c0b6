import { plusSeconds } from '../../common/clock.js';
import { isThrough, type SessionHost } from '../../model/index.js';
import { COME_BACK_S, downHostsAhead, whileDown } from '../down-hosts.js';
import { stopsOn } from '../emptying.js';
import { immovableBy, notYetTaken } from '../emptying-flow.js';
import { giveBack, isOwedBack } from '../giving-back.js';
import { workOn } from '../host-work.js';
import { troubleWith } from '../notices.js';
import { immovable } from '../prospects.js';
import { isSteering, steer } from '../steering.js';
import { startLeft } from '../stopped.js';
import { resolveTrouble, type Trouble } from '../trouble.js';
import type { SessionView } from '../view.js';
import { isAloneInZone, wayOff } from '../ways-off.js';
import type { Gathered } from './gathered.js';
import type { Leaving } from './leaving.js';

/** Everything about the session's hosts that needs no plan. @returns hosts about which somebody has to decide first */
export function workOnHosts(
  view: SessionView,
  leaving: ReadonlyMap<string, readonly Leaving[]>,
  gathered: Gathered,
): Set<string> {
  const held = new Set<string>();
  for (const host of view.hosts.filter(isOwedBack)) gathered.take(giveBack(view, host), host);
  for (const host of view.hosts) {
    if (host.state === 'done' || host.state === 'skipped') gathered.take(startLeft(view, host.hostname), host);
    if (host.state === 'in_maintenance') gathered.take(workOn(view, host), host);
  }
  if (isSteering(view)) gathered.take(steer(view));
  for (const host of downHostsAhead(view)) {
    gathered.take(whileDown(view, host, gathered.until(host, 'host-down', COME_BACK_S)), host);
    held.add(host.hostname);
  }
  for (const host of view.hosts) {
    if (host.isCompute && host.state === 'emptying' && !held.has(host.hostname)) {
      if (emptying(view, host, leaving.get(host.hostname) ?? [], gathered)) held.add(host.hostname);
    }
  }
  for (const host of view.hosts) {
    if (!host.isCompute || host.state !== 'waiting' || held.has(host.hostname)) continue;
    if (waiting(view, host, leaving.get(host.hostname) ?? [], gathered)) held.add(host.hostname);
  }
  return held;
}

/**
 * A host with an instance that nobody can move: whatever else holds it comes first, what only its owner can end is waited
 * for when all others are through (v1 §5.1). @returns whether the policy has decided, or somebody has to
 */
function waiting(view: SessionView, host: SessionHost, leaving: readonly Leaving[], gathered: Gathered): boolean {
  const { hostname } = host;
  for (const { server, wanted, prospect } of leaving) {
    if ('held' in prospect && prospect.betweenHosts) {
      const isLast = view.hosts.every(({ hostname: other, state }) => other === hostname || isThrough(state));
      const { blockedTimeoutS } = view.settings;
      const because = isLast ? 'between-hosts' : 'order';
      const standing = gathered.until(host, because, blockedTimeoutS);
      const until = isLast || standing > view.now ? standing : plusSeconds(view.now, blockedTimeoutS);
      if (until <= view.now) {
        gathered.take(resolveTrouble(view, immovableBy(hostname, prospect.held)), host);
        return true;
      }
      gathered.hold({ host: hostname, because, message: prospect.held, until });
      return false;
    }
    const way = isAloneInZone(view, server) ? wayOff(view, server, wanted) : undefined;
    if (way === undefined || 'action' in way) continue;
    gathered.take(resolveTrouble(view, immovable(server, way.stuck)), host);
    return true;
  }
  return false;
}

/** @returns whether somebody has to decide something first */
function emptying(view: SessionView, host: SessionHost, leaving: readonly Leaving[], gathered: Gathered): boolean {
  const { hostname, blocked } = host;
  gathered.take(notYetTaken(view, hostname), host);
  if (blocked?.because === 'not-empty' && blocked.until <= view.now) {
    gathered.take(resolveTrouble(view, immovableBy(hostname, blocked.message)), host);
    return true;
  }
  for (const one of leaving) {
    const trouble = troubleOf(view, one, gathered);
    if (trouble === undefined) continue;
    const step = gathered.take(resolveTrouble(view, trouble), host);
    // What is to happen at the time that was told holds up nobody else.
    if (step !== undefined && 'wait' in step && step.wait.for === 'actions-at') continue;
    return true;
  }
  for (const { prospect } of leaving) if ('otherwise' in prospect) gathered.decide(prospect.otherwise);
  const there = leaving.filter((one) => !one.isStopped);
  const isTaken = notYetTaken(view, hostname) === undefined;
  const isMoving = view.effects.some(
    ({ kind, state, intent }) => kind === 'move' && state === 'begun' && intent.from === hostname,
  );
  if (there.length === 0 && isTaken && !isMoving) gathered.decide({ kind: 'verify-empty', host: hostname });
  const staying = there.filter(({ prospect }) => 'action' in prospect && prospect.action === 'STOP_START');
  if (staying.length > 0 && staying.length === there.length && !isMoving) {
    const stops = stopsOn(
      view,
      hostname,
      staying.map(({ server }) => server),
    );
    if (stops.decisions.length > 0) gathered.decide(...stops.decisions);
    const until = gathered.until(host, 'group-limit', view.settings.blockedTimeoutS);
    for (const message of stops.held) gathered.hold({ host: hostname, because: 'group-limit', message, until });
  }
  return false;
}

/** What a policy has to decide about an instance: an answer, a move, or that nothing leads off its host. */
function troubleOf(view: SessionView, { notice, prospect, host, server }: Leaving, gathered: Gathered) {
  if (notice?.outcome === 'nack' || notice?.outcome === 'silent') return troubleWith(notice, [host.hostname]);
  if ('trouble' in prospect) return prospect.trouble;
  if (!('held' in prospect)) return undefined;
  const because = prospect.betweenHosts ? 'between-hosts' : 'host-down';
  const until = gathered.until(host, because, view.settings.blockedTimeoutS);
  if (until > view.now) {
    gathered.hold({ host: host.hostname, because, message: prospect.held, until });
    gathered.hold({ host: host.hostname, instanceId: server.id, because, message: prospect.held, until });
    return undefined;
  }
  return immovableBy(host.hostname, prospect.held) satisfies Trouble;
}
