/** A place in an engine's work, and which time it is passed in that engine's life. */
export interface Point {
  /** Stable words, e.g. `cloud migrate: before`. */
  readonly name: string;
  /** From 1. */
  readonly time: number;
}

/** Counts the points that an engine passes. */
export class Points {
  private readonly times = new Map<string, number>();

  constructor(private readonly onPass: (point: Point) => void) {}

  pass(name: string): void {
    const time = (this.times.get(name) ?? 0) + 1;
    this.times.set(name, time);
    this.onPass({ name, time });
  }

  /** The points before and after `work`. */
  async around<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.pass(`${name}: before`);
    const result = await work();
    this.pass(`${name}: after`);
    return result;
  }
}

export function sameAs(one: Point): (other: Point) => boolean {
  return ({ name, time }) => name === one.name && time === one.time;
}

export function wordsOf({ name, time }: Point): string {
  return time === 1 ? name : `${name} (${time})`;
}
