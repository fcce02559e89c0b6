const COLOURS = process.stdout.isTTY ? { red: '\x1b[31m', off: '\x1b[0m' } : { red: '', off: '' };

/**
 * Counts what AVA's TAP reporter says and passes on what people want to read: failures whole, all else in one line.
 * A run without the plan (`1..N`) at its end did not end by itself.
 */
export class TapReader {
  passed = 0;
  failed = 0;
  skipped = 0;
  complete = false;
  #rest = '';
  #isInFailure = false;

  constructor(print) {
    this.print = print;
  }

  write(chunk) {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    const [, no, title] = /^(not )?ok \d+ - (.*)$/.exec(line) ?? [];
    if (title !== undefined) this.#test(no === undefined, title);
    else if (/^1\.\.\d+$/.test(line)) this.complete = true;
    else if (this.#isInFailure && !this.complete && !/^\s+(---|\.\.\.)$/.test(line)) this.print(line);
  }

  #test(ok, title) {
    const isSkipped = / # (SKIP|TODO)\b/.test(title);
    if (isSkipped) this.skipped += 1;
    else if (ok) this.passed += 1;
    else this.failed += 1;
    this.#isInFailure = !ok && !isSkipped;
    if (this.#isInFailure) this.print(`\n${COLOURS.red}✘ ${title}${COLOURS.off}`);
    else if (isSkipped) this.print(`- skipped: ${title.replace(/ # (SKIP|TODO)$/, '')}`);
  }
}
