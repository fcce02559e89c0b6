import { EventEmitter } from 'node:events';
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * A terminal that shows what is written to it. It knows the escape sequences that the progress display may use and
 * throws at any other control character, and where a line would reach its last column.
 */
export class Screen extends EventEmitter {
  isTTY = true;
  writableNeedDrain = false;
  readonly writes: string[] = [];
  cursorHidden = false;
  /** SGR codes that were in use, in order. */
  readonly colors: number[] = [];
  /** Lines that left the screen at the top. */
  scrolled = 0;
  private lines: string[][] = [[]];
  private row = 0;
  private column = 0;

  constructor(
    public columns: number,
    public rows: number,
  ) {
    super();
  }

  write(text: string): boolean {
    this.writes.push(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal reads them
    for (const [token] of text.matchAll(/\x1b\[\??\d*[A-Za-z]|[\r\n]|[^\x1b\r\n]+|./gs)) this.interpret(token);
    return true;
  }

  /** What stands on the screen, without trailing spaces and empty lines at the end. */
  text(): string {
    return this.lines
      .map((cells) => cells.join('').trimEnd())
      .join('\n')
      .trimEnd();
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }

  private interpret(token: string): void {
    if (token === '\r') this.column = 0;
    else if (token === '\n') this.nextLine();
    else if (token.startsWith('\x1b')) this.control(token.slice(1));
    else this.print(token);
  }

  private control(sequence: string): void {
    const [, parameter, command] = /^\[(\d*)([A-Za-z])$/.exec(sequence) ?? [];
    if (sequence === '[?25l' || sequence === '[?25h') this.cursorHidden = sequence.endsWith('l');
    else if (sequence === '[2J') this.lines = this.lines.map(() => []);
    else if (sequence === '[H') this.row = this.column = 0;
    else if (sequence === '[K') this.line().splice(this.column);
    else if (sequence === '[J') this.eraseBelow();
    else if (command === 'A') this.row = Math.max(0, this.row - Number(parameter));
    else if (command === 'm') this.colors.push(Number(parameter));
    else throw new Error(`unknown escape sequence ${JSON.stringify(sequence)}`);
  }

  private eraseBelow(): void {
    this.line().splice(this.column);
    this.lines.splice(this.row + 1);
  }

  private print(text: string): void {
    if (/\p{C}/u.test(text)) throw new Error(`control character in ${JSON.stringify(text)}`);
    for (const { segment } of graphemes.segment(text)) {
      const width = stringWidth(segment);
      this.line().splice(this.column, width, segment, ...Array<string>(Math.max(0, width - 1)).fill(''));
      this.column += width;
    }
    if (this.column >= this.columns) throw new Error(`${this.column} columns written of ${this.columns}`);
  }

  private nextLine(): void {
    this.column = 0;
    this.row += 1;
    if (this.row < this.rows) return;
    this.lines.shift();
    this.row -= 1;
    this.scrolled += 1;
  }

  private line(): string[] {
    while (this.lines.length <= this.row) this.lines.push([]);
    return this.lines[this.row] ?? [];
  }
}
