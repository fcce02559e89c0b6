import type { CloudPort, HostPort } from './cloud-port.js';

/* What an action plug-in is given to work with beside what it is about. The engine makes them; a test makes its own. */

/** Runs programs somewhere: on the host that is being maintained, or on the engine's machine. */
export interface Programs {
  /**
   * Runs one program to its end. No shell has a part in it: each element arrives as one argument, whatever it holds.
   * @throws FenixError when it could not be run or did not end: `remote-not-configured`, `local-not-allowed` (terminal),
   * `unreachable`, `time-out` (transient), `host-key`, `login-refused` (terminal). A program that ran and said no is no
   * error: look at `code`.
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
}

export interface ProgramResult {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The last part, where it printed more than is kept (1 MiB). */
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

/** What the engine can lend to plug-ins. */
export interface ActionTools {
  /** Programs on `host` over SSH. */
  remote(host: string, signal: AbortSignal): Programs;
  /** Programs on the engine's machine for the plug-in of that name: refused unless the configuration names it. */
  local(plugin: string, signal: AbortSignal): Programs;
  readonly cloud: ActionCloud;
}
