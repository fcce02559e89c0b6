/** Record separator: what no program prints by chance. */
const RS = '\x1e';

/** Characters between nonce and end of a mark. */
const LONGEST_WORD = 16;
/** With an exit status, as shells have them. */
const END = /^end:(\d{1,3})$/;

/**
 * What a host prints, without the marks that Fenix's own script sets around a program: what comes before the first one
 * is the login shell's start-up files, not the program.
 */
export class MarkedOutput {
  begun = false;
  /** The program's exit status, once it has ended. */
  code: number | undefined;
  private held = '';
  private readonly mark: string;

  /** @param nonce so that no program can set a mark */
  constructor(
    nonce: string,
    private readonly pass: (text: string) => void,
    private readonly onBegun: () => void,
  ) {
    this.mark = `${RS}${nonce}:`;
  }

  readonly add = (piece: string): void => {
    this.held += piece;
    for (;;) {
      const start = this.held.indexOf(this.mark);
      const from = start + this.mark.length;
      const end = start < 0 ? -1 : this.held.indexOf(RS, from);
      if (end < 0 && (start < 0 || this.held.length - from <= LONGEST_WORD)) break;
      // Only the host itself knows the nonce beside us: a mark without an end is none of ours, and is not kept for ever.
      if (end < 0 || end - from > LONGEST_WORD) {
        this.emit(this.held.slice(0, from));
        this.held = this.held.slice(from);
        continue;
      }
      this.emit(this.held.slice(0, start));
      this.take(this.held.slice(start + this.mark.length, end));
      this.held = this.held.slice(end + 1);
    }
    const mayBeMark = this.held.lastIndexOf(RS);
    const isMark = mayBeMark >= 0 && this.mark.startsWith(this.held.slice(mayBeMark, mayBeMark + this.mark.length));
    const sure = isMark ? mayBeMark : this.held.length;
    this.emit(this.held.slice(0, sure));
    this.held = this.held.slice(sure);
  };

  private take(word: string): void {
    const [, code] = END.exec(word) ?? [];
    if (code !== undefined) this.code = Number(code);
    else if (!this.begun) {
      this.begun = true;
      this.onBegun();
    }
  }

  private emit(text: string): void {
    if (this.begun && text !== '') this.pass(text);
  }
}

/** The statement by which a shell sets a mark. */
export function setMark(nonce: string, word: string): string {
  return `printf '\\036%s:%s\\036' ${nonce} ${word}`;
}
