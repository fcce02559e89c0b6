import type { StateHandler } from './contract.js';
import { withoutDownHost } from './down-hosts.js';
import { giveBack, isOwedBack } from './giving-back.js';
import { isSteering, steer, steeringUnderWay } from './steering.js';
import { startLeft } from './stopped.js';
import { beyondBudget } from './trouble.js';

/** Before anything else: more was lost than allowed, a host that is through has to be given back, or one is down. */
export function guarded(handler: StateHandler): StateHandler {
  return (view, tools) => {
    const beyond = beyondBudget(view);
    if (beyond !== undefined) return beyond;
    const owed = view.hosts.find(isOwedBack);
    if (owed !== undefined) return giveBack(view, owed);
    for (const { hostname, state } of view.hosts) {
      const start = state === 'done' || state === 'skipped' ? startLeft(view, hostname) : undefined;
      if (start !== undefined) return start;
    }
    const steered = isSteering(view) ? (steeringUnderWay(view) ?? steer(view)) : undefined;
    return withoutDownHost(view) ?? steered ?? handler(view, tools);
  };
}
