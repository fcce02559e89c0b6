import { askProjects } from './fleet/asks.js';
import { chooseLead, sortSources } from './fleet/lead.js';
import { keepRoom } from './fleet/mitigation.js';
import { beginMoves } from './fleet/moves.js';
import { relieve } from './fleet/shortage.js';
import { startHosts } from './fleet/starts.js';
import { FleetStep, type ZoneStep } from './fleet/step.js';
import type { FleetInstance, FleetPlan, FleetSnapshot } from './fleet.js';

/**
 * What is to be done now so that all hosts are maintained as soon as possible. Pure (L8), to be asked again whenever
 * something has changed; it keeps nothing. It never lets V1, V2, V4, a limit or free room be exceeded, moves instances
 * onto hosts that are done (L12), and begins to empty a host as soon as its room will be there in time.
 */
export function planFleet(snapshot: FleetSnapshot): FleetPlan {
  const step = new FleetStep(snapshot);
  maintain(step);
  for (const zone of step.zones) {
    sortSources(zone);
    const lead = zone.tight && zone.sources.length > 0 ? chooseLead(zone) : undefined;
    keepRoom(step, zone);
    beginMoves(step, zone, lead);
    startHosts(step, zone);
    askProjects(step, zone, lead);
    if (atRest(step, zone) && lead === undefined) relieve(step, zone);
  }
  return withStuck(step);
}

/** What is empty, and what need not be emptied, is maintained within the limit. */
function maintain(step: FleetStep): void {
  const { limits } = step.snapshot;
  for (const { giving } of step.zones) {
    for (const { host, state } of giving) if (state === 'empty') step.decided.maintain.push(host);
  }
  let busy = step.controllers.filter(({ state }) => state === 'in_maintenance').length;
  for (const host of step.controllers) {
    if (host.state !== 'waiting' && host.state !== 'emptying' && host.state !== 'empty') continue;
    if (busy < limits.controllers) {
      busy += 1;
      step.decided.maintain.push(host.host);
    } else {
      const message = `${busy} of at most ${limits.controllers} controllers are in maintenance.`;
      step.wait(host, undefined, { because: 'order', message, lifts: 'One of them is done.' });
    }
  }
}

/** Nothing goes on in the zone and nothing was decided for it, though there is something left to do. */
function atRest(step: FleetStep, zone: ZoneStep): boolean {
  if (zone.alive || (zone.waiting.length === 0 && zone.sources.length === 0)) return false;
  if (zone.sources.some(({ asked, host }) => asked.length > 0 || host.instances.length === 0)) return false;
  const { empty } = step.decided;
  if (zone.waiting.some(({ host }) => empty.includes(host))) return false;
  return !step.controllers.some(({ state }) => state === 'waiting' || state === 'in_maintenance');
}

function withStuck(step: FleetStep): FleetPlan {
  const { decided, zones, snapshot } = step;
  const left = zones.some(({ waiting, sources }) => waiting.length + sources.length > 0);
  const acts =
    decided.empty.length + decided.ask.length + decided.move.length + decided.maintain.length + decided.scaleIn.length;
  if (left && acts === 0 && !zones.some(isBusy) && !recovers(snapshot)) decided.stuck = stuckMessage(step);
  return decided;
}

/** An impact that ends may let others begin; one that has no end known may be of another session. */
function recovers({ groups, hosts, now }: FleetSnapshot): boolean {
  const stopped = new Set(hosts.flatMap(({ instances }) => instances.filter(isStopped)).map((one) => one.instanceId));
  return groups.some(({ impacts }) =>
    impacts.some(({ instanceId, until }) => (until === null ? !stopped.has(instanceId) : until > now)),
  );
}

const isStopped = ({ phase, way }: FleetInstance): boolean => phase === 'gone' && way === 'stays';

const isBusy = (zone: ZoneStep): boolean =>
  zone.alive || zone.sources.some(({ asked, pending, staying }) => asked.length > 0 || pending + staying.length === 0);

function stuckMessage({ decided: { waits } }: FleetStep): string {
  const first = waits.find(({ because }) => because !== 'no-room-yet' && because !== 'order') ?? waits[0];
  return first === undefined
    ? 'No host can be emptied.'
    : `No host can be emptied: ${first.host}${first.instanceId === undefined ? '' : ` (instance ${first.instanceId})`}: ${first.message}`;
}
