import type { LogEntry } from '../log.js';
import { Court, type Violation } from './court.js';
import { GroupsJudge } from './groups-judge.js';
import { MovesJudge } from './moves-judge.js';
import { OccupancyJudge } from './occupancy-judge.js';
import { ServicesJudge } from './services-judge.js';

export type { Rule, Violation } from './court.js';

export interface Judgement {
  /** How often each instance arrived on another host; instances that never moved are not there. */
  readonly moves: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
}

/** Judges a whole history by the simulator's own log; what is left open at its end counts as left behind. */
export function judge(entries: readonly LogEntry[]): Judgement {
  const court = new Court();
  const moves = new MovesJudge(court);
  court.hear([moves, new OccupancyJudge(court), new ServicesJudge(court), new GroupsJudge(court)], entries);
  return { moves: moves.moves, violations: court.violations };
}
