import { type HostType, hostNamed } from '../model/index.js';
import type { JoinHosts } from './decisions.js';
import { computeServiceOf, OUR_REASON } from './hosts.js';
import type { SessionView } from './view.js';

/**
 * Which hosts the session is about (v1 §5.1): the given ones, else every host of nova-conductor and nova-compute. What
 * a host runs says what it is; computes that are down are left out, with the reason.
 */
export function discoverHosts(view: SessionView, given: readonly string[] = view.session.hosts): JoinHosts {
  const { services } = view.cloud;
  const names = given.length > 0 ? canonical(view, given) : [...new Set(services.map((service) => service.host))];
  const hosts: JoinHosts['hosts'][number][] = [];
  const excluded: JoinHosts['excluded'][number][] = [];
  for (const hostname of names.sort()) {
    const compute = computeServiceOf(view.cloud, hostname);
    if (compute !== undefined && !compute.up) {
      excluded.push({ hostname, reason: 'Its nova-compute service is down.' });
      continue;
    }
    const isController = services.some(({ binary, host }) => binary === 'nova-conductor' && host === hostname);
    const type: HostType = isController ? 'controller' : compute === undefined ? 'other' : 'compute';
    const isDisabled = compute !== undefined && !compute.enabled;
    const isOurs = (compute?.disabledReason ?? '').startsWith(OUR_REASON);
    hosts.push({
      hostname,
      type,
      isCompute: compute !== undefined,
      disabledBefore: isDisabled && !isOurs,
      inherited: isDisabled && isOurs,
    });
  }
  return { kind: 'join-hosts', hosts, excluded };
}

/** Nova's own name where it knows the host; the given one otherwise. */
function canonical(view: SessionView, given: readonly string[]): string[] {
  const names = given.map(
    (name) => hostNamed(name, new Set(view.cloud.services.map(({ host }) => host)), (host) => host) ?? name,
  );
  return [...new Set(names)];
}
