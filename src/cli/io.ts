import type { Transport } from './auth/transport.js';
import type { ProgressStream } from './progress.js';

/** What the command line needs of the process that it runs in. */
export interface CliIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: CliStream;
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where files with relative names are looked for. */
  readonly cwd: string;
  /** The user's directory. */
  readonly home: string;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** What time it is in the cloud, as far as is known here. */
  now(): Date;
  /** Between two looks at what is waited for, and before a lost connection is made again, milliseconds. */
  readonly pollMs: number;
  /** What sends requests; default: Node's fetch, with the cloud's certificates. */
  readonly fetch?: Transport;
}

export interface CliStream extends ProgressStream {
  readonly isTTY?: boolean;
}
