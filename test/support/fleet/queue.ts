/** What is to happen, by time; what was added first happens first at the same time. */
export class EventQueue {
  private readonly heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  private added = 0;

  get nextAt(): number | undefined {
    return this.heap[0]?.at;
  }

  add(at: number, run: () => void): void {
    this.added += 1;
    this.heap.push({ at, order: this.added, run });
    let index = this.heap.length - 1;
    while (index > 0 && this.before(index, (index - 1) >> 1)) {
      this.swap(index, (index - 1) >> 1);
      index = (index - 1) >> 1;
    }
  }

  /** Runs all that is due at `at` or before. */
  run(at: number): void {
    for (let first = this.heap[0]; first !== undefined && first.at <= at; first = this.heap[0]) {
      this.dropFirst();
      first.run();
    }
  }

  private dropFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    let index = 0;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let least = index;
      if (left < this.heap.length && this.before(left, least)) least = left;
      if (right < this.heap.length && this.before(right, least)) least = right;
      if (least === index) return;
      this.swap(index, least);
      index = least;
    }
  }

  private before(one: number, other: number): boolean {
    const [a, b] = [this.heap[one], this.heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  private swap(one: number, other: number): void {
    const [a, b] = [this.heap[one], this.heap[other]];
    if (a === undefined || b === undefined) return;
    this.heap[one] = b;
    this.heap[other] = a;
  }
}
