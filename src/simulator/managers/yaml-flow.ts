/**
 * Reads a text as YAML's flow style, as a manager does that takes traits for YAML: lists, maps, quoted and plain
 * scalars. Python's repr of simple data is nearly that; where it is not (a backslash in single quotes stays one), so is
 * the result. Throws SyntaxError on what is cut or no flow style.
 */
export function parseYamlFlow(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value('');
  reader.end();
  return value;
}

const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null, '~': null, '': null };

class Reader {
  private position = 0;

  constructor(private readonly text: string) {}

  /** @param stops characters that end a plain scalar here */
  value(stops: string): unknown {
    const next = this.peek();
    if (next === '[') return this.items(']', () => this.value(',]'));
    if (next === '{') return Object.fromEntries(this.items('}', () => this.pair()));
    if (next === "'" || next === '"') return this.quoted(next);
    return scalar(this.plain(stops));
  }

  end(): void {
    if (this.peek() !== undefined) throw this.error();
  }

  private pair(): [string, unknown] {
    const key = String(this.value(':,}'));
    if (this.peek() !== ':') return [key, null];
    this.position += 1;
    return [key, this.value(',}')];
  }

  private items<T>(close: string, item: () => T): T[] {
    this.position += 1;
    const found: T[] = [];
    while (this.peek() !== close) {
      found.push(item());
      const next = this.peek();
      if (next === ',') this.position += 1;
      else if (next !== close) throw this.error();
    }
    this.position += 1;
    return found;
  }

  private quoted(quote: string): string {
    const end = this.text.indexOf(quote, this.position + 1);
    if (end === -1) throw this.error();
    const content = this.text.slice(this.position + 1, end);
    this.position = end + 1;
    return content;
  }

  private plain(stops: string): string {
    const from = this.position;
    while (this.position < this.text.length && !stops.includes(this.text.charAt(this.position))) this.position += 1;
    if (stops !== '' && this.position === this.text.length) throw this.error();
    return this.text.slice(from, this.position).trim();
  }

  private peek(): string | undefined {
    while (this.text[this.position] === ' ') this.position += 1;
    return this.text[this.position];
  }

  private error(): SyntaxError {
    return new SyntaxError(`Not YAML at character ${this.position}: ${this.text}`);
  }
}

function scalar(text: string): unknown {
  const word = text.toLowerCase();
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
