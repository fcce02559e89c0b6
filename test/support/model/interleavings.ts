/** One run of a small world, which goes on by one step of one of its parts at a time. */
export interface Run {
  /** What may happen next; nothing = the run is over. */
  options(): readonly string[];
  take(option: string): Promise<void>;
  /** The run is over: what must hold then. @throws when it does not */
  end(): Promise<void>;
}

/** @throws with the steps that led there */
export class Broken extends Error {
  constructor(
    readonly steps: readonly string[],
    cause: unknown,
  ) {
    super(`${cause instanceof Error ? cause.message : String(cause)}\nafter: ${steps.join(', ')}`, { cause });
  }
}

/**
 * Runs a world once for each order in which its steps can happen, depth first. @returns how many there are.
 * @throws Broken at the first step or end that throws
 */
export async function everyInterleaving(start: () => Promise<Run>): Promise<number> {
  const path: { chosen: number; of: number }[] = [];
  for (let runs = 1; ; runs += 1) {
    const run = await start();
    const steps: string[] = [];
    try {
      for (let depth = 0; ; depth += 1) {
        const options = run.options();
        if (options.length === 0) break;
        path[depth] ??= { chosen: 0, of: options.length };
        const step = options[path[depth]?.chosen ?? 0] as string;
        steps.push(step);
        await run.take(step);
      }
      await run.end();
    } catch (error) {
      throw new Broken(steps, error);
    }
    while (path.length > 0 && (path.at(-1)?.chosen ?? 0) + 1 === path.at(-1)?.of) path.pop();
    const last = path.at(-1);
    if (last === undefined) return runs;
    last.chosen += 1;
  }
}

/** A part of a world: code that stops at every gate until it is let through. */
export class Part {
  private open: (() => void) | undefined;
  private arrived: () => void = () => undefined;
  private state: 'running' | 'waiting' | 'over' = 'running';

  /** Whether it stands at a gate. */
  get waits(): boolean {
    return this.state === 'waiting';
  }

  /** Lets `work` run up to its first gate. */
  async start(work: () => Promise<void>): Promise<void> {
    const there = this.next();
    void work().then(
      () => this.finish(),
      (error: unknown) => this.finish(error),
    );
    await there;
  }

  /** To be called by the work before each of its steps. */
  gate(): Promise<void> {
    this.state = 'waiting';
    this.arrived();
    return new Promise((resolve) => {
      this.open = resolve;
    });
  }

  /** Lets it go on to its next gate, or to its end. @throws what the work threw */
  async step(): Promise<void> {
    const there = this.next();
    this.state = 'running';
    this.open?.();
    await there;
    if (this.failure !== undefined) throw this.failure;
  }

  /** It never goes on. */
  crash(): void {
    this.state = 'over';
  }

  private failure: unknown;

  private finish(error?: unknown): void {
    this.failure = error;
    this.state = 'over';
    this.arrived();
  }

  private next(): Promise<void> {
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }
}
