import { isThrough, type SessionHost } from '../../model/index.js';
import type { FleetHost, FleetSnapshot } from '../../planner/fleet.js';
import { controllersHeld } from '../controllers.js';
import { finalFacts, standingFacts } from '../room.js';
import type { LearnedDurations, SessionView } from '../view.js';
import { fleetGroups } from './fleet-groups.js';
import { outsideHost, sessionHost } from './fleet-hosts.js';
import { fleetInstance } from './fleet-instances.js';
import { fleetLimits } from './fleet-limits.js';
import type { FleetIndex } from './index-of-view.js';
import type { Leaving } from './leaving.js';
import { scaleInCandidates } from './scale-in-candidates.js';

/** What a snapshot is made of beside the view. */
export interface SnapshotParts {
  readonly index: FleetIndex;
  /** By host, of those that are not through. */
  readonly leaving: ReadonlyMap<string, readonly Leaving[]>;
  readonly durations: LearnedDurations;
  /** Hosts about which somebody has to decide something first. */
  readonly held: ReadonlySet<string>;
  /** Whether projects can be asked to scale in now. */
  readonly mayScaleIn: boolean;
}

/** Everything that the planner needs. @param patient leave out refusals that may be lag, of Placement or of Nova */
export function fleetSnapshot(view: SessionView, parts: SnapshotParts, patient: boolean): FleetSnapshot {
  const { index, leaving, durations, held, mayScaleIn } = parts;
  const refusals = new Map<string, string[]>();
  for (const { instanceId, host } of patient ? finalFacts(view) : standingFacts(view)) {
    refusals.set(instanceId, [...(refusals.get(instanceId) ?? []), host]);
  }
  const actionS = durations.actions ?? view.settings.expectedActionS;
  const own = new Set(view.hosts.map(({ hostname }) => hostname));
  const waitsForQuorum = controllersHeld(view);
  const isHeld = ({ hostname }: SessionHost): number => Number(waitsForQuorum.has(hostname));
  const ofSession = view.hosts
    .filter((host) => isDue(view, host))
    // Of controllers the first ones begin: those that may.
    .sort((a, b) => isHeld(a) - isHeld(b))
    .map((host): FleetHost => {
      const instances = (leaving.get(host.hostname) ?? []).map((one) =>
        fleetInstance(view, index, one, durations, refusals.get(one.server.id) ?? []),
      );
      return sessionHost(view, index, host, instances, actionS, held.has(host.hostname));
    });
  const others = view.cloud.capacities.filter(({ host }) => !own.has(host));
  const servers = [...leaving.values()].flat().map(({ server }) => server);
  return {
    now: view.now.getTime() / 1000,
    hosts: [...ofSession, ...others.map(({ host }) => outsideHost(view, index, host))],
    groups: fleetGroups(view, index, servers),
    limits: fleetLimits(view, index),
    scaleIn: mayScaleIn ? scaleInCandidates(view, index) : [],
  };
}

/** Hosts that are neither controllers nor computes come when all others are through (v1 §5.1). */
function isDue(view: SessionView, { type, state }: SessionHost): boolean {
  if (type !== 'other' || state !== 'waiting') return true;
  return view.hosts.every((host) => host.type === 'other' || isThrough(host.state));
}
