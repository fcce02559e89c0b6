import type { LogEntry } from '../log.js';
import { Court, type Violation } from './court.js';
import { GroupsJudge } from './groups-judge.js';
import { ImpactsJudge } from './impacts-judge.js';
import { MovesJudge } from './moves-judge.js';
import { OccupancyJudge } from './occupancy-judge.js';
import { PowerJudge } from './power-judge.js';
import { ServicesJudge } from './services-judge.js';

export type { Rule, Violation } from './court.js';

export interface Judgement {
  /** How often each instance arrived on another host; instances that never moved are not there. */
  readonly moves: ReadonlyMap<string, number>;
  /** Instances that arrived on another host more than once: no violation by itself. */
  readonly movedTwice: readonly string[];
  readonly violations: readonly Violation[];
}

export interface JudgeOptions {
  /** Hosts whose action failed: their compute service may be left disabled. */
  readonly mayStayDisabled?: readonly string[];
  /** Names of instances that may be stopped while their host is out; their application may be out with them. */
  readonly mayStop?: readonly string[];
  /** Names of those that need not be started again: their host was left broken. */
  readonly mayStayStopped?: readonly string[];
}

/** Judges a whole history by the simulator's own log; what is left open at its end counts as left behind. */
export function judge(entries: readonly LogEntry[], options: JudgeOptions = {}): Judgement {
  const court = new Court();
  const moves = new MovesJudge(court);
  const services = new ServicesJudge(court, new Set(options.mayStayDisabled));
  const power = new PowerJudge(court, new Set(options.mayStop), new Set(options.mayStayStopped));
  const others = [new OccupancyJudge(court), new GroupsJudge(court), new ImpactsJudge(court)];
  court.hear([moves, services, power, ...others], entries);
  const movedTwice = [...moves.moves].filter(([, count]) => count > 1).map(([id]) => id);
  return { moves: moves.moves, movedTwice, violations: court.violations };
}
