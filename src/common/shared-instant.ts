/** A monotonic instant that the threads of a process share, in whole milliseconds; written by one, read by all. */
export class SharedInstant {
  private readonly cell: BigInt64Array;

  /** @param buffer of the instant that another thread made; default: a new one, 0 */
  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.cell = new BigInt64Array(buffer);
  }

  get ms(): number {
    return Number(Atomics.load(this.cell, 0));
  }

  /** Rounded down; never goes back. */
  set(ms: number): void {
    const wanted = BigInt(Math.floor(ms));
    if (wanted > Atomics.load(this.cell, 0)) Atomics.store(this.cell, 0, wanted);
  }
}
