import { FenixError } from '../../common/errors.js';

/** How long the engine may take for a look at its clock. */
const ANSWER_WITHIN_MS = 30_000;

/**
 * The instant of domain time, asked for by one thread and answered by another one: `Clock.now()` waits for nothing, and
 * domain time may stand still or run at any speed.
 */
export class SharedClock {
  private readonly answers: Int32Array;
  private readonly instant: Float64Array;

  constructor(readonly buffer = new SharedArrayBuffer(16)) {
    this.answers = new Int32Array(buffer, 0, 1);
    this.instant = new Float64Array(buffer, 8, 1);
  }

  /** For the thread that has the clock. */
  answer(now: Date): void {
    this.instant[0] = now.getTime();
    Atomics.add(this.answers, 0, 1);
    Atomics.notify(this.answers, 0);
  }

  /**
   * For the other one: blocks it until the answer is there.
   * @throws FenixError `engine-busy`
   */
  ask(send: () => void): Date {
    const seen = Atomics.load(this.answers, 0);
    send();
    if (Atomics.wait(this.answers, 0, seen, ANSWER_WITHIN_MS) === 'timed-out') {
      throw new FenixError('transient', 'engine-busy', 'The engine did not tell the time.');
    }
    return new Date(this.instant[0] as number);
  }
}
