import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folders } from './settings.js';

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const ENDING = '.pid';
const CLOSED = 'closed';
const POLL_MS = 100;

/**
 * Processes of a cloud's folder. A file there holds pid and start time of each, so that whoever stops it, this process or
 * another, never takes a pid that was given anew for ours. Each leads a process group of its own.
 */
export class Processes {
  private readonly run: string;
  private readonly log: string;

  constructor(
    home: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    ({ run: this.run, log: this.log } = folders(home));
  }

  /** From now on nothing is started here, by whomever. */
  close(): void {
    if (existsSync(this.run)) writeFileSync(join(this.run, CLOSED), '');
  }

  /** Does nothing if it runs already. Its output is appended to `log/<name>.log`. */
  start(name: string, command: Command): void {
    if (this.pid(name) === undefined) this.launch(name, command).unref();
  }

  /**
   * Runs it to its end, which comes at the latest after `patienceMs`, with all that it has started; the same where this
   * process dies meanwhile and another one stops what stands in the folder.
   * @returns its exit code, null if it was ended, and what it has written
   */
  async toEnd(name: string, command: Command, patienceMs: number): Promise<{ code: number | null; said: string }> {
    const log = this.logOf(name);
    const before = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
    const child = this.launch(name, command);
    const ended = once(child, 'exit');
    const late = setTimeout(() => void this.stop([name]), patienceMs);
    const [code] = await ended;
    clearTimeout(late);
    rmSync(this.file(name), { force: true });
    return { code, said: readFileSync(log).subarray(before).toString() };
  }

  private launch(name: string, { argv, env }: Command): ChildProcess {
    if (existsSync(join(this.run, CLOSED))) throw new Error('The cloud is being taken down');
    const output = openSync(this.logOf(name), 'a');
    const [program, ...args] = argv;
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...this.env, ...env },
    });
    closeSync(output);
    if (child.pid === undefined) throw new Error(`${program} cannot be run`);
    writeFileSync(this.file(name), `${child.pid} ${startTime(child.pid)}`);
    return child;
  }

  /** Its pid, if it lives. */
  pid(name: string): number | undefined {
    if (!existsSync(this.file(name))) return undefined;
    const [pid = '', started] = readFileSync(this.file(name), 'utf8').split(' ');
    return started !== 'undefined' && startTime(Number(pid)) === started ? Number(pid) : undefined;
  }

  /** All that were started and not stopped. */
  names(): string[] {
    const files = existsSync(this.run) ? readdirSync(this.run) : [];
    return files.filter((file) => file.endsWith(ENDING)).map((file) => file.slice(0, -ENDING.length));
  }

  /** Ends them all at once: politely, after `graceS` by SIGKILL. */
  async stop(names: readonly string[], graceS = 8): Promise<void> {
    const pids = names.flatMap((name) => this.pid(name) ?? []);
    for (const pid of pids) signalGroup(pid, 'SIGTERM');
    for (const end = Date.now() + graceS * 1000; pids.some(groupLives) && Date.now() < end; ) await sleep(POLL_MS);
    for (const pid of pids) signalGroup(pid, 'SIGKILL');
    while (pids.some(groupLives)) await sleep(POLL_MS);
    for (const name of names) rmSync(this.file(name), { force: true });
  }

  private logOf(name: string): string {
    return join(this.log, `${name}.log`);
  }

  private file(name: string): string {
    return join(this.run, name + ENDING);
  }
}

/** Ticks from the machine's start, field 22 of /proc/PID/stat (proc(5)); undefined if there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** A zombie of a parent that has not read its end yet counts as gone. */
function groupLives(pid: number): boolean {
  return signalGroup(pid, 0) && !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
