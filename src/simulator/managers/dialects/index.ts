import { Manager, type ManagerParts } from '../manager.js';
import type { Dialect } from '../options.js';
import { DeferringManager } from './deferring.js';
import { GreedyManager } from './greedy.js';
import { ListManager } from './list.js';
import { RefusingManager } from './refusing.js';
import { ReinstantiatingManager } from './reinstantiating.js';
import { RetiringManager } from './retiring.js';
import { ScalingManager } from './scaling.js';
import { SilentManager } from './silent.js';
import { SlowManager } from './slow.js';
import { UpgradingManager } from './upgrading.js';
import { UrlManager } from './url.js';
import { WaryManager } from './wary.js';

const MANAGERS: Readonly<Record<Exclude<Dialect, 'none'>, new (parts: ManagerParts) => Manager>> = {
  reference: Manager,
  url: UrlManager,
  list: ListManager,
  wary: WaryManager,
  slow: SlowManager,
  silent: SilentManager,
  refusing: RefusingManager,
  deferring: DeferringManager,
  retiring: RetiringManager,
  reinstantiating: ReinstantiatingManager,
  upgrading: UpgradingManager,
  scaling: ScalingManager,
  greedy: GreedyManager,
};

/** The manager that speaks a dialect; undefined for `none`. */
export function dialectOf(name: Dialect): (new (parts: ManagerParts) => Manager) | undefined {
  return name === 'none' ? undefined : MANAGERS[name];
}
