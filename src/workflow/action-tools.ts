import type { CloudPort, HostPort } from './cloud-port.js';

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

/** Characters of each of a program's outputs that are kept: the last ones, since it says at the end what went wrong. */
export const KEPT_OUTPUT = 1024 * 1024;

export interface ProgramResult {
  /** Exit status; null when a signal ended it, 128 and the signal's number on a host. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The last part, where it printed more than {@link KEPT_OUTPUT}. */
  readonly stdout: string;
  readonly stderr: string;
}

/** What an action may ask of the cloud. */
export type ActionCloud = Pick<
  CloudPort,
  | 'services'
  | 'capacities'
  | 'occupants'
  | 'aggregates'
  | 'server'
  | 'proves'
  | 'enableService'
  | 'disableService'
  | keyof HostPort
>;

/** Calls to systems of the operator: to hosts that the configuration names, signed with secrets that it holds. */
export interface SignedCalls {
  /**
   * Refuses as {@link send} would, without a call.
   * @throws FenixError `hook-refused` (terminal) naming what of the configuration is in the way
   */
  check(target: SignedTarget): Promise<void>;
  /**
   * POSTs one JSON body (docs/http-hook.md). Redirects are not followed.
   * @throws FenixError `hook-refused`; `hook-unreachable` (transient, `inDoubt`) when no whole answer came; `hook-answer`
   * (terminal) for one that is too large or no JSON object
   */
  send(target: SignedTarget, call: SignedCall): Promise<SignedAnswer>;
}

export interface SignedTarget {
  readonly url: string;
  /** Name of the secret, never the secret itself. */
  readonly secret: string;
}

export interface SignedCall {
  /** The same for every try of the same work: sent as `Idempotency-Key`. ASCII. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface SignedAnswer {
  /** HTTP status, whatever it is. */
  readonly status: number;
  /** Empty where the answer is. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Seconds, where the answer asks for patience. */
  readonly retryAfterS?: number;
}

/** What the engine can lend to plug-ins. */
export interface ActionTools {
  /** Programs on `host` over SSH. */
  remote(host: string, signal: AbortSignal, output: (text: string) => void): Programs;
  /** Programs on the engine's machine for the plug-in of that name: refused unless the configuration names it. */
  local(plugin: string, signal: AbortSignal, output: (text: string) => void): Programs;
  /** Directory of the files that plug-ins may use on the engine's machine; empty = none. */
  readonly localFiles: string;
  hooks(signal: AbortSignal): SignedCalls;
  readonly cloud: ActionCloud;
}
