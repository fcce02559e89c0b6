/**
 * How many one process remembers. oslo.messaging remembers 16 for each connection; a peer that cannot get a confirm
 * publishes the same request every few seconds, for as long as that lasts, with others in between.
 */
const REMEMBERED = 1024;

/** The `_unique_id`s seen last, over reconnects: peers publish again whatever was not confirmed to them. */
export class Duplicates {
  /** In order of arrival. */
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
