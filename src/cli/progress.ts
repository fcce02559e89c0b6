import { LiveProgress } from './live-progress.js';
import { PlainProgress } from './plain-progress.js';
import type { SessionStatus } from './session-status.js';

export type { HostStatus, SessionStatus, WaitStatus } from './session-status.js';

/** Shows how a session goes on. Draws when it is told something: the caller decides how often that is. */
export interface Progress {
  update(status: SessionStatus): void;
  /** Leaves the last status standing and gives the terminal back; later updates are ignored. */
  end(): void;
}

/** What is needed of a terminal or pipe; `process.stdout` and `process.stderr` are such. */
export interface ProgressStream {
  readonly columns?: number;
  readonly rows?: number;
  readonly writableNeedDrain?: boolean;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** `live` redraws in place and needs a terminal; `plain` writes lines. */
export type ProgressMode = 'live' | 'plain';

export interface ProgressSettings {
  readonly stream: ProgressStream;
  readonly mode: ProgressMode;
  /** Colours in mode `live`; `plain` has none. */
  readonly color: boolean;
}

export function createProgress({ stream, mode, color }: ProgressSettings): Progress {
  return mode === 'live' ? new LiveProgress(stream, color) : new PlainProgress(stream);
}

/** What suits the stream: live on a terminal that can move its cursor; in colour unless NO_COLOR is set (no-color.org). */
export function progressModeFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): { mode: ProgressMode; color: boolean } {
  const live = stream.isTTY === true && env.TERM !== 'dumb';
  return { mode: live ? 'live' : 'plain', color: live && !env.NO_COLOR };
}
