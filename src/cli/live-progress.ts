import { hideCursor } from './cursor.js';
import { drawFrame, type Size } from './frame.js';
import { paintLine } from './line.js';
import type { Progress, ProgressStream } from './progress.js';
import { cleanStatus, type SessionStatus } from './session-status.js';

const ERASE_TO_END_OF_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';
const ERASE_SCREEN_AND_HOME = '\x1b[2J\x1b[H';

/** Redraws one picture in place. Each frame is one write, and none if nothing changed. */
export class LiveProgress implements Progress {
  private shown: readonly string[] = [];
  private last: SessionStatus | undefined;
  private since: Date | undefined;
  private showCursor: (() => void) | undefined;
  private ended = false;

  constructor(
    private readonly stream: ProgressStream,
    private readonly color: boolean,
  ) {
    stream.on('resize', this.onResize);
  }

  update(status: SessionStatus): void {
    if (this.ended) return;
    this.last = cleanStatus(status);
    this.since ??= status.startedAt ?? status.domainTime;
    // A terminal that does not keep up gets the next picture instead of all of them.
    if (this.stream.writableNeedDrain !== true) this.draw();
  }

  end(): void {
    if (this.ended) return;
    this.draw();
    this.ended = true;
    this.stream.off('resize', this.onResize);
    this.showCursor?.();
  }

  private draw(before = this.toTop()): void {
    const lines = this.lines();
    if (lines.length === 0 || sameLines(lines, this.shown)) return;
    this.showCursor ??= hideCursor(this.stream);
    this.stream.write(before + lines.map((line) => line + ERASE_TO_END_OF_LINE).join('\n') + ERASE_BELOW);
    this.shown = lines;
  }

  private lines(): string[] {
    if (this.last === undefined || this.since === undefined) return [];
    return drawFrame(this.last, this.since, this.size()).map((line) => paintLine(line, this.color));
  }

  private size(): Size {
    const { columns = 80, rows = 24 } = this.stream;
    // The last column stays free: with it, some terminals have wrapped already, and erase the wrong line.
    return { columns: Math.max(1, columns - 1), rows: Math.max(1, rows) };
  }

  private toTop(): string {
    return this.shown.length > 1 ? `\r\x1b[${this.shown.length - 1}A` : '\r';
  }

  /** Whether the old lines were wrapped anew is the terminal's secret, so the picture starts again on an empty screen. */
  private readonly onResize = (): void => {
    this.shown = [];
    this.draw(ERASE_SCREEN_AND_HOME);
  };
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
