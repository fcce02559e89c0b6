import { plusSeconds } from '../common/clock.js';
import type { SessionHost } from '../model/index.js';
import type { Step } from './decisions.js';
import { isDown } from './hosts.js';
import { serversOn } from './room.js';
import { resolveTrouble } from './trouble.js';
import type { SessionView } from './view.js';
import { deadline, holding } from './waits.js';

/** A host may only have lost its broker for a moment: so long it has for coming back, seconds. */
export const COME_BACK_S = 120;

/** What the session's policy says of hosts that are down (v1 §5.1). */
export function downHostsPolicy({ session, settings }: SessionView): 'exclude' | 'evacuate' | 'fail' {
  return session.policy.down_hosts ?? settings.policy.down_hosts ?? 'exclude';
}

/**
 * What is to be done, before anything else, about a compute that is down and whose turn is still to come or has just
 * come: by policy it is left out, or the session fails if it holds instances; with `evacuate`, nothing. One whose actions
 * run may well be down for them.
 */
export function withoutDownHost(view: SessionView): Step | undefined {
  const [host] = downHostsAhead(view);
  if (host === undefined) return undefined;
  return whileDown(view, host, deadline(view, 'host-down', COME_BACK_S));
}

/** Computes that are down and still to be emptied, where the policy has them left out. */
export function downHostsAhead(view: SessionView): SessionHost[] {
  if (downHostsPolicy(view) === 'evacuate') return [];
  return view.hosts.filter((host) => isStillAhead(host) && isDown(view.cloud, host.hostname));
}

/** What is to be done about one of them. @param until so long it may come back */
export function whileDown(view: SessionView, { hostname }: SessionHost, until: Date): Step {
  const busy = view.effects.some(
    ({ kind, state, host: on }) => state === 'begun' && on === hostname && kind !== 'settle',
  );
  const said = `Compute host ${hostname} is down and holds ${serversOn(view, hostname).length} instance(s)`;
  if (busy || until > view.now) {
    const message = `${said}; waiting for it to come back.`;
    const then = until > view.now ? until : plusSeconds(view.now, 60);
    return holding({ wait: { for: 'host-down', message, until: then, poll: true } }, [hostname]);
  }
  const reason = { code: 'host-down', message: `${said}.`, host: hostname };
  return resolveTrouble(view, { event: 'host_down', reason, hosts: [hostname] });
}

function isStillAhead({ isCompute, state }: SessionHost): boolean {
  return isCompute && (state === 'waiting' || state === 'emptying');
}
