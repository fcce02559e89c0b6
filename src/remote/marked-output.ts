/** Record separator: what no program prints by chance. */
const RS = '\x1e';

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
      const end = start < 0 ? -1 : this.held.indexOf(RS, start + this.mark.length);
      if (end < 0) break;
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
    const [what, code] = word.split(':');
    if (what === 'end') this.code = Number(code);
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
