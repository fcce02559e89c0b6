import type { FleetInstance } from '../../planner/fleet.js';
import type { LearnedDurations, SessionView } from '../view.js';
import { isAloneInZone, wayOff } from '../ways-off.js';
import { aloneIn } from './fleet-groups.js';
import type { FleetIndex } from './index-of-view.js';
import { leadTimeOf } from './lead-time.js';
import type { Leaving } from './leaving.js';

/** What of the planner's instance says how far it has come. */
type Stage = Pick<FleetInstance, 'way' | 'phase' | 'target' | 'at'>;

/** @param refusedBy hosts that need not be tried for it */
export function fleetInstance(
  view: SessionView,
  index: FleetIndex,
  leaving: Leaving,
  durations: LearnedDurations,
  refused: readonly string[],
): FleetInstance {
  const { server, wanted } = leaving;
  const refusedBy = [...refused, ...index.crowdedFor(server)];
  const stage = stageOf(view, index, leaving);
  const group = index.groupOf(server);
  // Who is off anyway is not put out of service by being kept off.
  const isOff = stage.way === 'stays' && server.status === 'SHUTOFF';
  const isAlone = isOff || group.broken.includes(server.id);
  return {
    instanceId: server.id,
    resources: server.resources,
    groupId: isAlone ? aloneIn(group, server.id) : group.groupId,
    ...stage,
    // A place that has refused it since is no place.
    target: stage.phase !== 'moving' && stage.target !== null && refusedBy.includes(stage.target) ? null : stage.target,
    answerS: durations.answers.get(server.projectId) ?? leadTimeOf(view, server),
    moveS: durations.moves.get(wanted) ?? view.settings.expectedMoveS,
    keepsRoom: view.constraints.keepsRoom(server.id),
    refusedBy,
  };
}

function stageOf(view: SessionView, index: FleetIndex, leaving: Leaving): Stage {
  const { prospect, notice, isStopped, server } = leaving;
  const target = notice?.planned?.target ?? null;
  if (isStopped) return { way: 'stays', phase: 'gone', target: null, at: null };
  if ('underWay' in prospect) {
    const { intent } = prospect.underWay;
    const at = Date.parse(String(intent.begunAt)) / 1000;
    return { way: wayOf(String(intent.action)), phase: 'moving', target: (intent.target as string | null) ?? null, at };
  }
  if ('action' in prospect) return { way: wayOf(prospect.action), phase: 'acked', target, at: null };
  if ('otherwise' in prospect) return { way: 'place', phase: 'acked', target: null, at: null };
  if (!('unasked' in prospect)) return { way: 'never', phase: 'resting', target: null, at: null };
  const way = wayBefore(view, leaving);
  if (notice === undefined) {
    // What was chosen for it stands while Placement is being asked to hold the room.
    return { way, phase: 'resting', target: (way === 'place' && index.heldAt(server.id)) || null, at: null };
  }
  return { way, phase: 'asked', target, at: (notice.actionsAt?.getTime() ?? 0) / 1000 };
}

/** Where nothing that we could do leads off the host, its project still may act by itself, if there is a host to go to. */
function wayBefore(view: SessionView, { server, wanted }: Leaving): FleetInstance['way'] {
  const way = wayOff(view, server, wanted);
  if ('action' in way) return wayOf(way.action);
  return isAloneInZone(view, server) ? 'never' : 'own';
}

function wayOf(action: string): FleetInstance['way'] {
  if (action === 'OWN_ACTION') return 'own';
  return action === 'STOP_START' ? 'stays' : 'place';
}
