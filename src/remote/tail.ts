/** Characters that are kept of what a program prints: the last ones, since programs say at the end what went wrong. */
const KEPT = 1024 * 1024;

/** The end of a text that comes in pieces. */
export class Tail {
  private kept = '';

  add(piece: string): void {
    this.kept += piece;
    // Cut seldom: each cut copies all that is kept.
    if (this.kept.length > 2 * KEPT) this.kept = this.kept.slice(-KEPT);
  }

  get text(): string {
    return this.kept.slice(-KEPT);
  }
}
