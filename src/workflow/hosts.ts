import type { SessionHost } from '../model/index.js';
import type { ComputeService } from './cloud-port.js';
import type { CloudView, SessionView } from './view.js';

/** How a disabled_reason of ours begins; the session id follows (v1 §5.1). */
export const OUR_REASON = 'fenix ';

/** What we write as disabled_reason: the id first, so that it survives the cut to 255. */
export function disabledReason(sessionId: string, why?: string): string {
  return `${OUR_REASON}${sessionId}${why === undefined ? '' : `: ${why}`}`.slice(0, 255);
}

/** The host's compute service; `hostname` as Nova writes it. */
export function computeServiceOf(cloud: Pick<CloudView, 'services'>, hostname: string): ComputeService | undefined {
  return cloud.services.find((service) => service.binary === 'nova-compute' && service.host === hostname);
}

/** Nova counts the host's compute service as down, so it can do nothing there. */
export function isDown(cloud: Pick<CloudView, 'services'>, hostname: string): boolean {
  return computeServiceOf(cloud, hostname)?.up === false;
}

/** Hosts that have to be emptied, whatever else they are. */
export function computesOf(view: SessionView): SessionHost[] {
  return view.hosts.filter((host) => host.isCompute);
}

/** Those whose turn is still to come. */
export function waitingComputes(view: SessionView): SessionHost[] {
  return computesOf(view).filter((host) => host.state === 'waiting');
}
