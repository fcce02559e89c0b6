import { limitOf, type SessionHost } from '../model/index.js';
import type { Step } from './decisions.js';
import type { SessionView } from './view.js';
import { deadline } from './waits.js';

/*
 * Controllers keep a quorum together (database, broker, Nova's own services), so that they go out within two limits: the
 * session's own (one at a time unless it says otherwise), and a minority of all controllers of the cloud, of which those
 * whose services are down are out already. A cloud of one or two has no minority to keep, and loses one at a time.
 */

/** Of the session, with those that are computes as well. */
function controllersOf(view: SessionView): SessionHost[] {
  return view.hosts.filter(({ type }) => type === 'controller');
}

/** On its way out, or out. */
function isAtWork({ state }: SessionHost): boolean {
  return state === 'emptying' || state === 'empty' || state === 'in_maintenance';
}

interface Quorum {
  /** Controllers of the cloud, whether the session has them or not. */
  readonly all: number;
  readonly down: ReadonlySet<string>;
  /** As many may be out together. */
  readonly most: number;
}

function quorumOf({ cloud }: SessionView): Quorum {
  const services = cloud.services.filter(({ binary }) => binary === 'nova-conductor');
  const all = new Set(services.map(({ host }) => host)).size;
  const down = new Set(services.filter(({ up }) => !up).map(({ host }) => host));
  return { all, down, most: Math.max(1, Math.ceil(all / 2) - 1) };
}

/** The session's controllers that may be out at a time, whatever else is out. */
function ownLimit(view: SessionView): number {
  const given = limitOf(view.session.limits.controllers, controllersOf(view).length);
  return given ?? view.settings.maxParallelControllers;
}

/** Why `host` may not go out beside those that are at work, as a sentence. */
function refusal(view: SessionView, host: SessionHost, atWork: readonly SessionHost[]): string | undefined {
  const limit = ownLimit(view);
  if (atWork.length >= limit) return `${atWork.length} of at most ${limit} controllers are in maintenance.`;
  const { all, down, most } = quorumOf(view);
  const out = new Set([...down, ...atWork.map(({ hostname }) => hostname)]);
  out.delete(host.hostname);
  if (out.size < most) return undefined;
  return `Controllers ${[...out].sort().join(', ')} are out or down: of ${all} at most ${most} may be at a time.`;
}

/** What holds each controller that still waits; of those that nothing holds, one may begin. */
export function controllersHeld(view: SessionView): ReadonlyMap<string, string> {
  const atWork = controllersOf(view).filter(isAtWork);
  const waiting = controllersOf(view).filter(({ state }) => state === 'waiting');
  return new Map(
    waiting.flatMap((host) => {
      const why = refusal(view, host, atWork);
      return why === undefined ? [] : [[host.hostname, why] as const];
    }),
  );
}

/** Hosts that are no computes and may be in maintenance together now. */
export function controllerSlots(view: SessionView): number {
  const plain = controllersOf(view).filter(({ isCompute }) => !isCompute);
  const atWork = plain.filter(isAtWork);
  const waiting = plain.filter(({ state }) => state === 'waiting');
  for (const host of waiting) if (refusal(view, host, atWork) === undefined) atWork.push(host);
  return waiting.length > 0 ? atWork.length : Math.max(1, atWork.length);
}

/** A controller that is out already: nothing more is lost by its maintenance. */
export function isDownController(view: SessionView, hostname: string): boolean {
  return quorumOf(view).down.has(hostname);
}

/** Controllers that are not down and may be out together. */
export function controllersTogether(view: SessionView): number {
  const { down, most } = quorumOf(view);
  return Math.max(0, Math.min(ownLimit(view), most - down.size));
}

/** None of those that wait may begin, and none of the session's is out: only others can lift that. */
export function waitForQuorum(view: SessionView): Step | undefined {
  const controllers = controllersOf(view);
  const waiting = controllers.filter(({ state }) => state === 'waiting');
  const held = controllersHeld(view);
  if (waiting.length === 0 || held.size < waiting.length || controllers.some(isAtWork)) return undefined;
  const message = held.get(String(waiting[0]?.hostname)) ?? '';
  const until = deadline(view, 'quorum', view.settings.blockedTimeoutS);
  return { wait: { for: 'quorum', message, until, poll: true, hosts: [...held.keys()] } };
}
