import type { Placeholder } from '../../model/index.js';
import type { FleetPlan } from '../../planner/fleet.js';
import type { LetRoomGo } from '../decisions.js';
import { isTooSoonToLetGo, ownPlaceholders } from '../holding.js';
import { mayReceive, standingFacts } from '../room.js';
import type { SessionView } from '../view.js';
import type { Leaving } from './leaving.js';

type ByHost = ReadonlyMap<string, readonly Leaving[]>;

/**
 * Room that is held for nothing any more: its instance has left or is gone, its host is not emptied any more, its project
 * refused or moves it itself, or the target does not take it. What a plan has chosen and is still to be told stays.
 */
export function staleRoom(view: SessionView, leaving: ByHost): LetRoomGo[] {
  return lettingGo(view, leaving, (one, placeholder) => one.notice === undefined || isAwaited(one, placeholder));
}

/** Room that was held for what the plan has chosen otherwise since, before anybody was told. */
export function unchosenRoom(view: SessionView, leaving: ByHost, { ask }: FleetPlan): LetRoomGo[] {
  const chosen = new Map(ask.map(({ instanceId, target }) => [instanceId, target]));
  return lettingGo(view, leaving, ({ notice }, { instanceId, host }) => {
    return notice !== undefined || chosen.get(instanceId) === host;
  });
}

function lettingGo(
  view: SessionView,
  leaving: ByHost,
  isWanted: (leaving: Leaving, placeholder: Placeholder) => boolean,
): LetRoomGo[] {
  const own = ownPlaceholders(view).filter(({ state }) => state === 'held');
  if (own.length === 0) return [];
  const byId = new Map([...leaving.values()].flat().map((one) => [one.server.id, one]));
  const refused = new Set(standingFacts(view).map(({ instanceId, host }) => `${instanceId} ${host}`));
  const stays = (placeholder: Placeholder): boolean => {
    const { instanceId, host } = placeholder;
    const one = byId.get(instanceId);
    if (one === undefined || one.host.state !== 'emptying') return false;
    // The move itself lets it go.
    if ('underWay' in one.prospect) return true;
    return mayReceive(view, host) && !refused.has(`${instanceId} ${host}`) && isWanted(one, placeholder);
  };
  return own
    .filter((placeholder) => !stays(placeholder) && !isTooSoonToLetGo(view.effects, placeholder))
    .map((placeholder): LetRoomGo => ({ kind: 'let-room-go', placeholder }));
}

/** Its project was told of that place, and has not chosen to act by itself. */
function isAwaited({ notice, prospect, isStopped }: Leaving, { host }: Placeholder): boolean {
  if (isStopped || notice?.planned?.target !== host) return false;
  if ('action' in prospect) return prospect.action !== 'OWN_ACTION' && prospect.action !== 'STOP_START';
  return 'unasked' in prospect && notice.outcome !== 'nack' && notice.outcome !== 'silent';
}
