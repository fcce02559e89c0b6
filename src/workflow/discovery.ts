import { type HostType, hostNamed } from '../model/index.js';
import type { ComputeService } from './cloud-port.js';
import type { JoinHosts } from './decisions.js';
import { downHostsPolicy } from './down-hosts.js';
import { computeServiceOf, isDown, OUR_REASON } from './hosts.js';
import { serversOn } from './room.js';
import type { SessionView, WorkflowTools } from './view.js';

/** What discovery must know beyond the view. */
export interface Surroundings {
  readonly ironic: readonly string[];
  /** Computes of the scope; undefined = no scope. */
  readonly scope?: readonly string[];
}

/** Reads what the scope names. A name that Nova does not know is said, and nobody is told anything (v1 §5.1). */
export async function readSurroundings(
  view: SessionView,
  tools: WorkflowTools,
): Promise<Surroundings | { readonly unknown: string }> {
  const ironic = await tools.ironicHosts();
  const { aggregate, zone, exclude_hosts: excluded = [] } = view.session.scope;
  if (aggregate === undefined && zone === undefined && excluded.length === 0) return { ironic };
  const computes = view.cloud.services.filter((service) => service.binary === 'nova-compute');
  let scope = aggregate === undefined && zone === undefined ? everyHost(view) : computes.map((service) => service.host);
  if (zone !== undefined) {
    scope = computes.filter((service) => service.zone === zone).map((service) => service.host);
    if (scope.length === 0) return { unknown: `There is no compute host in a zone "${zone}" (scope.zone).` };
  }
  if (aggregate !== undefined) {
    const found = (await tools.aggregates()).find(({ name }) => name === aggregate);
    if (found === undefined) return { unknown: `Nova knows no aggregate "${aggregate}" (scope.aggregate).` };
    scope = scope.filter((host) => found.hosts.includes(host));
  }
  for (const name of excluded) {
    if (hostNamed(name, everyHost(view), (host) => host) === undefined) {
      return { unknown: `Nova knows no host "${name}" (scope.exclude_hosts).` };
    }
  }
  const out = new Set(canonical(view, excluded));
  return { ironic, scope: scope.filter((host) => !out.has(host)) };
}

/**
 * Which hosts the session is about (v1 §5.1): the given ones, else those of the scope, else every host of
 * nova-conductor and nova-compute. What a host runs says what it is; Ironic hosts are left out, with the reason, and by
 * policy computes that are down.
 * @param given hosts by name; empty = discover
 */
export function discoverHosts(
  view: SessionView,
  surroundings: Surroundings,
  given: readonly string[] = view.session.hosts,
): JoinHosts {
  const names = given.length > 0 ? canonical(view, given) : [...(surroundings.scope ?? everyHost(view))];
  const hosts: JoinHosts['hosts'][number][] = [];
  const excluded: JoinHosts['excluded'][number][] = [];
  for (const hostname of names.sort()) {
    const compute = computeServiceOf(view.cloud, hostname);
    const reason = exclusion(view, hostname, surroundings);
    if (reason !== undefined) excluded.push({ hostname, reason });
    else hosts.push(joining(view, hostname, compute));
  }
  return { kind: 'join-hosts', hosts, excluded };
}

function exclusion(view: SessionView, hostname: string, { ironic }: Surroundings): string | undefined {
  if (ironic.includes(hostname)) return 'Its hypervisor is Ironic: nothing can be moved off it.';
  const policy = downHostsPolicy(view);
  if (!isDown(view.cloud, hostname) || policy === 'evacuate') return undefined;
  // One that is to end the session has to be part of it.
  if (policy === 'fail' && serversOn(view, hostname).length > 0) return undefined;
  return 'Its nova-compute service is down.';
}

function joining(view: SessionView, hostname: string, compute?: ComputeService): JoinHosts['hosts'][number] {
  const { services } = view.cloud;
  const isController = services.some(({ binary, host }) => binary === 'nova-conductor' && host === hostname);
  const type: HostType = isController ? 'controller' : compute === undefined ? 'other' : 'compute';
  const isDisabled = compute !== undefined && !compute.enabled;
  const isOurs = (compute?.disabledReason ?? '').startsWith(OUR_REASON);
  return {
    hostname,
    type,
    isCompute: compute !== undefined,
    disabledBefore: isDisabled && !isOurs,
    inherited: isDisabled && isOurs,
  };
}

function everyHost(view: SessionView): string[] {
  return [...new Set(view.cloud.services.map((service) => service.host))];
}

/** Nova's own name where it knows the host; the given one otherwise. */
function canonical(view: SessionView, given: readonly string[]): string[] {
  return [...new Set(given.map((name) => hostNamed(name, everyHost(view), (host) => host) ?? name))];
}
