import type { MachineClock } from './clock.js';

interface Asked<Key, Answer> {
  readonly key: Key;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export interface TogetherOptions {
  /** Keys that are asked for at once, at most. */
  readonly most?: number;
  /** How many askings may be under way at a time. */
  readonly parallel?: number;
  /**
   * How long after one asking began the next one may, so that those who come in between share it; who comes after a
   * while of silence waits for nobody.
   */
  readonly pace?: Pace;
}

export interface Pace {
  readonly ms: number;
  readonly machine: MachineClock;
}

const MOST = 50;
const PARALLEL = 2;

/**
 * Asks for many what single callers want: what comes while enough is under way is asked for together as soon as a place
 * is free. The busier it is, the more share one asking; when it is not, nobody waits. Each asking begins after its keys
 * came, so that answers are never older than the question.
 */
export class Together<Key, Answer> {
  private readonly waiting: Asked<Key, Answer>[] = [];
  private running = 0;
  private lastBegunMs = Number.NEGATIVE_INFINITY;
  private isPausing = false;

  /** @param ask resolves to the answers in the order of the keys; what it rejects with all its callers get */
  constructor(
    private readonly ask: (keys: readonly Key[]) => Promise<readonly Answer[]>,
    private readonly options: TogetherOptions = {},
  ) {}

  of(key: Key): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, resolve, reject });
      this.next();
    });
  }

  private next(): void {
    const { most = MOST, parallel = PARALLEL } = this.options;
    if (this.waiting.length === 0 || this.running >= parallel || this.pauses()) return;
    this.running += 1;
    void this.answer(this.waiting.splice(0, most));
  }

  /** Whether the next asking has to wait; then it begins by itself. */
  private pauses(): boolean {
    const { pace } = this.options;
    if (pace === undefined || pace.ms === 0) return false;
    if (this.isPausing) return true;
    const nowMs = pace.machine.monotonicMs();
    const leftMs = this.lastBegunMs + pace.ms - nowMs;
    if (leftMs <= 0) {
      this.lastBegunMs = nowMs;
      return false;
    }
    this.isPausing = true;
    pace.machine.after(leftMs, () => {
      this.isPausing = false;
      this.next();
    });
    return true;
  }

  private async answer(asked: readonly Asked<Key, Answer>[]): Promise<void> {
    try {
      const answers = await this.ask(asked.map(({ key }) => key)).finally(() => this.ended());
      asked.forEach(({ resolve }, index) => {
        resolve(answers[index] as Answer);
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  private ended(): void {
    this.running -= 1;
    this.next();
  }
}
