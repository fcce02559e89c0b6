/**
 * How many a listener remembers. Python remembers 16, which does not suffice here: with a lost connection all requests
 * that are being worked on come again.
 */
const REMEMBERED = 1024;

/** The `_unique_id`s that one listener has seen last: peers publish again whatever was not confirmed to them. */
export class Duplicates {
  /** In the order of arrival. */
  private readonly seen = new Set<string>();

  /** Whether this id was remembered before. Messages without an id are never duplicates. */
  has(uniqueId: unknown): boolean {
    return typeof uniqueId === 'string' && this.seen.has(uniqueId);
  }

  remember(uniqueId: unknown): void {
    if (typeof uniqueId !== 'string') return;
    this.seen.add(uniqueId);
    const [oldest] = this.seen;
    if (oldest !== undefined && this.seen.size > REMEMBERED) this.seen.delete(oldest);
  }
}
