/** How many a listener remembers; the same number as in oslo.messaging. */
const REMEMBERED = 16;

/** The `_unique_id`s that one listener has seen last: peers publish again whatever was not confirmed to them. */
export class Duplicates {
  private readonly seen: string[] = [];

  /** Whether this id was remembered before. Messages without an id are never duplicates. */
  has(uniqueId: unknown): boolean {
    return typeof uniqueId === 'string' && this.seen.includes(uniqueId);
  }

  remember(uniqueId: unknown): void {
    if (typeof uniqueId !== 'string') return;
    this.seen.push(uniqueId);
    if (this.seen.length > REMEMBERED) this.seen.shift();
  }
}
