/** The last characters of a text that grows. */
export class Tail {
  private text = '';
  /** Characters that it had in all. */
  length = 0;

  constructor(private readonly most: number) {}

  add(more: string): void {
    this.length += more.length;
    this.text += more.slice(-this.most);
    // Not at each of many short ones.
    if (this.text.length > 2 * this.most) this.text = this.text.slice(-this.most);
  }

  /** All that is kept. */
  get kept(): string {
    return this.after(0).text;
  }

  /** What is kept of all characters after the first `from`: at most the last `most` of them. */
  after(from: number, most = this.most): { readonly text: string; readonly dropped: number } {
    const length = Math.min(this.length - from, most, this.text.length);
    const text = length === 0 ? '' : this.text.slice(-length);
    return { text: wellFormed(text), dropped: this.length - from - length };
  }
}

/** Cut between its halves, a character of two would be no text that every database takes. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** The text, with a line that says how much is missing before it. */
export function marked({ text, dropped }: { readonly text: string; readonly dropped: number }): string {
  return dropped > 0 ? `[${dropped} characters before this are not kept]\n${text}` : text;
}
