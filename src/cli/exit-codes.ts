import { FenixError } from '../common/errors.js';

/** Exit codes of `fenix`; docs/cli.md has the same list. */
export const CLI_EXIT = {
  ok: 0,
  /** Refused by Fenix, or failed. */
  refused: 1,
  /** The command line, a file, or how to authenticate is not right. */
  usage: 2,
  /** With --wait or watch: the session ended in MAINTENANCE_FAILED, or was deleted. */
  sessionFailed: 3,
  /** Not reachable, no answer in time, too busy, or --timeout is used up: trying again may help. */
  unreachable: 4,
  /** Keystone or Fenix does not take the credentials, or they do not suffice. */
  denied: 5,
  interrupted: 130,
  /** Nobody reads what is written. */
  brokenPipe: 141,
} as const;

/** What the caller can mend by himself: a sentence that names the option or file, and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An end with a code of its own; without a message what is to be said was said. */
export class CliEnd extends Error {
  override readonly name = 'CliEnd';
  constructor(
    readonly exitCode: number,
    message = '',
  ) {
    super(message);
  }
}

/** The exit code for anything that was thrown. */
export function exitCodeFor(thrown: unknown): number {
  if (thrown instanceof CliEnd) return thrown.exitCode;
  if (thrown instanceof UsageError) return CLI_EXIT.usage;
  if (!(thrown instanceof FenixError)) return CLI_EXIT.refused;
  if (thrown.code === 'config-invalid') return CLI_EXIT.usage;
  if (thrown.kind === 'denied') return CLI_EXIT.denied;
  return thrown.retryable ? CLI_EXIT.unreachable : CLI_EXIT.refused;
}
