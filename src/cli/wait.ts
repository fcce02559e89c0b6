import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { FenixError } from '../common/errors.js';
import { isUnfinished, type SessionState } from '../model/index.js';
import type { CliContext } from './context.js';
import { CLI_EXIT, CliEnd, UsageError } from './exit-codes.js';
import { seconds } from './parse.js';

export interface WaitOptions {
  readonly wait?: boolean;
  /** Seconds; default: no limit. */
  readonly timeout?: number;
}

/** `--wait` and `--timeout`. @param what what is waited for, in words */
export function addWaitOptions(command: Command, what: string): Command {
  return command
    .option('--wait', `wait until ${what}`)
    .addOption(timeoutOption('--wait'))
    .hook('preAction', () => {
      const { wait, timeout } = command.opts<WaitOptions>();
      if (timeout !== undefined && wait !== true) throw new UsageError('--timeout needs --wait.');
    });
}

export function timeoutOption(of: string): Option {
  return new Option('--timeout <duration>', `give ${of} up after that (exit code ${CLI_EXIT.unreachable})`).argParser(
    seconds,
  );
}

/** What a look told: not there yet, or there with this. */
export type Look<T> = () => Promise<T | undefined>;

/**
 * Looks until there is something to see, whatever the API does meanwhile: what can be tried again is.
 * @param what for sentences, e.g. `Session 1f…`
 * @throws CliEnd when the time is over, or what is waited for is gone; FenixError
 */
export async function waitFor<T>(context: CliContext, options: WaitOptions, what: string, look: Look<T>): Promise<T> {
  const { pollMs, signal } = context.io;
  const { timeout } = options;
  const endsMs = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout * 1000;
  for (let isAway = false; ; ) {
    try {
      const seen = await look();
      if (isAway) context.tell('Fenix answers again.');
      isAway = false;
      if (seen !== undefined) return seen;
    } catch (error) {
      if (!(error instanceof FenixError)) throw error;
      if (error.kind === 'missing') throw new CliEnd(CLI_EXIT.sessionFailed, `${what} was deleted.`);
      if (!error.retryable) throw error;
      if (!isAway) context.tell(`${error.message} Trying again.`);
      isAway = true;
    }
    if (performance.now() >= endsMs) {
      throw new CliEnd(CLI_EXIT.unreachable, `${what}: waited ${timeout} s in vain; it goes on.`);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** Until the session is DONE or FAILED. @returns that state */
export function waitForEnd(context: CliContext, options: WaitOptions, sessionId: string): Promise<SessionState> {
  return waitFor(context, options, `Session ${sessionId}`, async () => {
    const { state } = await (await context.client()).show(sessionId, context.io.signal);
    return isUnfinished(state) ? undefined : state;
  });
}

/** @throws CliEnd unless the session ended well */
export function checkEnd(sessionId: string, state: SessionState, why?: string | undefined): void {
  if (state === 'MAINTENANCE_DONE') return;
  throw new CliEnd(CLI_EXIT.sessionFailed, `Session ${sessionId} ended in ${state}${why ? `: ${why}` : '.'}`);
}
