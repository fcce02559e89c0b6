import type { Verdict } from './judge.js';

/** Each query that a lost database ends is a line of its own. */
const MOST_ERRORS = 10;

/** The figures of a whole run. */
export class Tally {
  /** Waves. */
  passed = 0;
  failed = 0;
  /** Requests whose 200 was held against the database. */
  acknowledged = 0;
  private readonly disturbances = new Map<string, number>();
  private readonly said = new Map<string, number>();
  private sessions = 0;
  private done = 0;
  private moves = 0;
  private faults = 0;

  disturbed(kind: string): void {
    count(this.disturbances, kind, 1);
  }

  /** What processes said at level error. */
  errors(said: ReadonlyMap<string, number>): void {
    for (const [what, times] of said) count(this.said, what, times);
  }

  judged({ faults, sessions, done, moves }: Verdict): void {
    if (faults.length === 0) this.passed += 1;
    else this.failed += 1;
    this.sessions += sessions;
    this.done += done;
    this.moves += moves;
    this.faults += faults.length;
  }

  broken(): void {
    this.failed += 1;
    this.faults += 1;
  }

  lines(): string[] {
    const listed = (counts: ReadonlyMap<string, number>): string[] =>
      [...counts].sort(([, a], [, b]) => b - a).map(([what, times]) => `  ${times} × ${what}`);
    return [
      `${this.sessions} sessions (${this.done} done), ${this.moves} moves, ${this.acknowledged} acknowledged writes, ${this.faults} violations`,
      `${[...this.disturbances.values()].reduce((sum, times) => sum + times, 0)} disturbances:`,
      ...listed(this.disturbances),
      ...(this.said.size > 0
        ? ['errors that were logged most often:', ...listed(this.said).slice(0, MOST_ERRORS)]
        : []),
    ];
  }
}

function count(counts: Map<string, number>, key: string, times: number): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}
