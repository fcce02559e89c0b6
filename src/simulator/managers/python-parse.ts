/**
 * Reads what Ceilometer made of lists and objects: Python literals of strings, numbers, True, False, None, lists and
 * dicts. Written for the managers' side alone; the product writes such text elsewhere. Throws SyntaxError on anything
 * else, a text cut at 255 characters included.
 */
export function parsePython(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

const WORDS: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

class Reader {
  private position = 0;

  constructor(private readonly text: string) {}

  value(): unknown {
    const next = this.peek();
    if (next === '[') return this.items(']', () => this.value());
    if (next === '{') return Object.fromEntries(this.items('}', () => this.pair()));
    if (next === "'" || next === '"') return this.string(next);
    const word = /^[\w.+-]+/.exec(this.text.slice(this.position))?.[0] ?? '';
    this.position += word.length;
    if (Object.hasOwn(WORDS, word)) return WORDS[word];
    if (word === '' || Number.isNaN(Number(word))) throw this.error();
    return Number(word);
  }

  end(): void {
    if (this.peek() !== undefined) throw this.error();
  }

  private pair(): [string, unknown] {
    const key = String(this.value());
    this.expect(':');
    return [key, this.value()];
  }

  private items<T>(close: string, item: () => T): T[] {
    this.position += 1;
    const found: T[] = [];
    while (this.peek() !== close) {
      found.push(item());
      if (this.peek() !== close) this.expect(',');
    }
    this.position += 1;
    return found;
  }

  private string(quote: string): string {
    this.position += 1;
    let out = '';
    for (;;) {
      const char = this.text[this.position];
      if (char === undefined) throw this.error();
      this.position += 1;
      if (char === quote) return out;
      out += char === '\\' ? this.escape() : char;
    }
  }

  private escape(): string {
    const char = this.text[this.position] ?? '';
    this.position += 1;
    const digits = HEX_DIGITS[char];
    if (digits === undefined) return ESCAPES[char] ?? char;
    const code = Number.parseInt(this.text.slice(this.position, this.position + digits), 16);
    this.position += digits;
    return String.fromCodePoint(code);
  }

  private peek(): string | undefined {
    while (this.text[this.position] === ' ') this.position += 1;
    return this.text[this.position];
  }

  private expect(char: string): void {
    if (this.peek() !== char) throw this.error();
    this.position += 1;
  }

  private error(): SyntaxError {
    return new SyntaxError(`Not a Python literal at character ${this.position}: ${this.text}`);
  }
}
