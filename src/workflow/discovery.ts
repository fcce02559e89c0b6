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

/** What the session names and Nova does not know. */
export interface Unknown {
  readonly unknown: string;
  readonly code?: 'unknown-host';
}

/** Reads what the scope names. A name that Nova does not know is said, and nobody is told anything (v1 §5.1). */
export async function readSurroundings(view: SessionView, tools: WorkflowTools): Promise<Surroundings | Unknown> {
  const mistaken = unknownHost(view);
  if (mistaken !== undefined) return mistaken;
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

/** A host that Nova does not know may have work of its own (`other`). With nothing to be done there it is a mistake. */
function unknownHost(view: SessionView): Unknown | undefined {
  if (view.session.actions.some(({ type }) => type === 'host' || type === 'other')) return undefined;
  const known = everyHost(view);
  const name = view.session.hosts.find((host) => hostNamed(host, known, (each) => each) === undefined);
  if (name === undefined) return undefined;
  const unknown = `Nova knows no host "${name}", and the session has no action of type host or other for it.`;
  return { unknown, code: 'unknown-host' };
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
