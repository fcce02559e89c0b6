import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { MachineClock } from '../common/clock.js';
import { FenixError, Stopped } from '../common/errors.js';
import type { Environment } from './environment.js';

/** Between asking a program to end and ending it. */
const GRACE_MS = 5_000;
/** For what a program that has ended left open, as one does that started a daemon. */
const LEFT_OPEN_MS = 2_000;
/** What a machine says that has no room for one more process. */
const SHORT_OF = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

export interface ChildOptions {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly directory?: string;
  readonly input: string;
  /** Its input stays open until it ends: to it, the end of it means that we are gone. */
  readonly holdInput?: boolean;
  readonly timeoutS?: number | undefined;
  /** What is ended when time is up, in sentences; absent = the program. */
  readonly name?: string;
  readonly signal: AbortSignal;
  /** Ends it with this error. */
  readonly giveUp?: Promise<FenixError>;
  readonly machine: MachineClock;
  stdout(text: string): void;
  stderr(text: string): void;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Runs a program of this machine to its end, in a process group of its own, which is ended when time is up or `signal`
 * aborts: politely, five seconds later not so.
 * @throws FenixError `program-missing` (terminal), `no-resources` (transient), `time-out` (transient, in doubt); Stopped
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  const { argv, env, directory = '/', signal, machine, timeoutS } = options;
  if (signal.aborted) throw new Stopped();
  const [program = '', ...args] = argv;
  const { name = program } = options;
  const child = spawn(program, args, { env, cwd: directory, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = endOf(child, machine, program, directory);
  feed(child, options);

  let why: Error | undefined;
  let cancelKill: () => void = () => undefined;
  const end = (error: Error): void => {
    if (why !== undefined) return;
    why = error;
    killGroup(child, 'SIGTERM');
    cancelKill = machine.after(GRACE_MS, () => killGroup(child, 'SIGKILL'));
  };
  const onAbort = (): void => end(new Stopped());
  signal.addEventListener('abort', onAbort, { once: true });
  const cancelLimit =
    timeoutS === undefined ? undefined : machine.after(timeoutS * 1000, () => end(late(name, timeoutS)));
  void options.giveUp?.then(end);
  try {
    const outcome = await ended;
    if (why !== undefined) throw why;
    return outcome;
  } finally {
    signal.removeEventListener('abort', onAbort);
    cancelLimit?.();
    cancelKill();
    // What it started itself and left behind.
    if (why !== undefined) killGroup(child, 'SIGKILL');
  }
}

function feed(child: Child, { input, holdInput, stdout, stderr }: ChildOptions): void {
  // Node.js makes none where the machine has no file descriptors left; why it could not be started comes by its end.
  if (child.stdin === undefined || child.stdin === null) return;
  child.stdout.setEncoding('utf8').on('data', stdout);
  child.stderr.setEncoding('utf8').on('data', stderr);
  // One that does not read to the end of its input is no failure.
  child.stdin.on('error', () => undefined);
  child.stdin.write(input);
  if (!holdInput) child.stdin.end();
}

function endOf(child: Child, machine: MachineClock, program: string, directory: string): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(notStarted(program, directory, cause)));
    child.once('exit', (code, signal) => {
      const done = (): void => {
        cancel();
        child.stdin.destroy();
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal });
      };
      const cancel = machine.after(LEFT_OPEN_MS, done);
      child.once('close', done);
    });
  });
}

function notStarted(program: string, directory: string, cause: NodeJS.ErrnoException): FenixError {
  const message = `${program} cannot be run on the engine’s machine in ${directory}: ${cause.message}.`;
  // Many programs at once: it may well be had a little later.
  if (SHORT_OF.has(cause.code ?? '')) return new FenixError('transient', 'no-resources', message, { cause });
  return new FenixError('terminal', 'program-missing', message, { cause });
}

function late(name: string, timeoutS: number): FenixError {
  return new FenixError('transient', 'time-out', `${name} did not end within ${timeoutS} s.`, { inDoubt: true });
}

function killGroup({ pid }: Child, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // all have ended
  }
}
