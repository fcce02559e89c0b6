import type { CloudPort } from './cloud-port.js';

/* What an action plug-in is given to work with beside what it is about. The engine makes them; a test makes its own. */

/** Runs programs somewhere: on the host that is being maintained, or on the engine's machine. */
export interface Programs {
  /**
   * Runs one program to its end. No shell has a part in it: each element arrives as one argument, whatever it holds.
   * @throws FenixError when it could not be run or did not end. Transient: `unreachable`, `time-out`, both with `inDoubt`
   * when it may have run. Terminal: `remote-not-configured`, `local-not-allowed`, `no-host` (for `remote` in `pre` and
   * `post`), `host-key`, `login-refused`, `sudo-refused`, `ssh-failed`, `address`, `program-missing`; `argument` (input)
   * for a NUL byte. A program that ran and said no is no error: look at `code`. Stopped when the run's signal aborts.
   */
  run(argv: readonly string[], options?: ProgramOptions): Promise<ProgramResult>;
}

export interface ProgramOptions {
  /** Machine seconds after which it is ended; absent = as long as the plug-in may run. */
  readonly timeoutS?: number;
  readonly input?: string;
  /** The program's whole environment beside PATH, HOME and LANG: nothing of the engine's own is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Keeps what it prints out of the run's output, for programs that are only asked something. */
  readonly quiet?: boolean;
  /** Where it runs; absent = `/` on the engine's machine, the user's home on a host. */
  readonly directory?: string;
  /**
   * On a host: it goes on when the connection ends, for whatever reason, instead of being ended with it. For what must
   * not be broken off half-way; what it prints is all in `stdout`.
   */
  readonly outlives?: boolean;
}

export interface ProgramResult {
  /** Exit status; null when a signal ended it, 128 and the signal's number on a host. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The last part, where it printed more than is kept (1 MiB). */
  readonly stdout: string;
  readonly stderr: string;
}

/** What an action may ask of the cloud. */
export type ActionCloud = Pick<CloudPort, 'services' | 'capacities' | 'occupants' | 'aggregates'>;

/** What the engine can lend to plug-ins. */
export interface ActionTools {
  /** Programs on `host` over SSH. */
  remote(host: string, signal: AbortSignal, output: (text: string) => void): Programs;
  /** Programs on the engine's machine for the plug-in of that name: refused unless the configuration names it. */
  local(plugin: string, signal: AbortSignal, output: (text: string) => void): Programs;
  /** Directory of the files that plug-ins may use on the engine's machine; empty = none. */
  readonly localFiles: string;
  readonly cloud: ActionCloud;
}
