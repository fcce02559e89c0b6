import type { SessionState } from '../../model/index.js';
import type { GoTo } from '../decisions.js';
import { computesOf } from '../hosts.js';
import { isStopped } from '../stopped.js';
import type { SessionView } from '../view.js';
import type { FleetIndex } from './index-of-view.js';

/** The state that tells what the hosts are doing, each for itself (v1 §5.3). */
export function derivedState(view: SessionView, index: FleetIndex): GoTo & { readonly to: SessionState } {
  if (view.notices.some(({ state, closedAt }) => state === 'SCALE_IN' && closedAt === null)) {
    return { to: 'SCALE_IN', why: 'Projects are asked to free capacity.', derived: true };
  }
  const ahead = computesOf(view).filter(({ state }) => state === 'waiting' || state === 'emptying');
  const holds = (hostname: string): boolean => index.serversOn(hostname).some((server) => !isStopped(view, server));
  const full = ahead.filter(({ hostname }) => holds(hostname));
  const wasEmptied = view.hosts.some(({ state }) => !['waiting', 'emptying', 'skipped'].includes(state));
  if (full.length > 0 && !wasEmptied && full.length === ahead.length) {
    return { to: 'PREPARE_MAINTENANCE', why: 'No host is empty yet.', derived: true };
  }
  return full.length > 0
    ? { to: 'PLANNED_MAINTENANCE', why: `${full.length} host(s) still hold instances.`, derived: true }
    : { to: 'START_MAINTENANCE', why: 'No instance is left to be moved.', derived: true };
}
