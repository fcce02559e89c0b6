import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { SystemMachineClock } from '../../common/clock.js';
import { Tail } from '../../common/tail.js';
import { CLOCK_FD } from './asked-clock.js';

/** What a plug-in may see of the environment of the engine, in which passwords may stand. */
const VISIBLE = ['PATH', 'HOME', 'LANG', 'TZ'];
const LOOK_EVERY_MS = 200;
/** Machine milliseconds after each piece that it printed past us, so that one without end keeps nobody busy. */
const PRINT_PAUSE_MS = 20;
const KEPT_OF_ERRORS = 8 * 1024;
/** How long its last words may take after its end. */
const LINGER_MS = 1000;
/** Bytes of answers about the time that a process need not have read yet. */
const MOST_UNREAD = 64 * 1024;
const PAGE_BYTES = 4096;
/** What Node.js itself takes. */
const BASE_MIB = 100;

export interface ProcessOptions {
  /** MiB of its heap; the whole process may have twice as much and what Node.js itself takes. */
  readonly memoryMiB: number;
  /** Called for each message. */
  onMessage(message: unknown): void;
  /** Gets what was printed by programs that it started, or past `process.stdout`. */
  onPrinted?(text: string): void;
  /** The instant of domain time, where its plug-in may ask for it. */
  now?(): Date;
}

/** One process for one thing that a plug-in is asked. Nothing that happens in it is an error here. */
export class PluginProcess {
  /** Why it ended by itself, as the end of a sentence that begins with the plug-in. */
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;
  private readonly machine = new SystemMachineClock();
  private readonly errors = new Tail(KEPT_OF_ERRORS);
  private isTooBig = false;
  private stopLooking = (): void => undefined;

  /** @param entry module that it runs; `given` is the first message that it gets */
  constructor(
    entry: URL,
    given: object,
    private readonly options: ProcessOptions,
  ) {
    const env = VISIBLE.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
    this.child = fork(fileURLToPath(entry), [], {
      env: Object.fromEntries(env),
      execArgv: [`--max-old-space-size=${options.memoryMiB}`],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
      // A group of its own: what it leaves behind ends with it.
      detached: true,
    });
    this.child.on('message', (message) => options.onMessage(message));
    this.child.on('error', () => undefined);
    this.watchOutput();
    this.answerClock();
    this.look();
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve(this.reasonOf(code, signal)));
      this.child.once('exit', (code, signal) => {
        this.kill();
        // What it started may have left its group, and hold on to its output.
        this.machine.after(LINGER_MS, () => resolve(this.reasonOf(code, signal)));
      });
    });
    this.post(given);
  }

  /** @throws when the message cannot be cloned */
  post(message: object): void {
    // Who has gone hears nothing: its end is told otherwise.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  async terminate(): Promise<void> {
    this.kill();
    await this.ended;
  }

  private kill(): void {
    this.stopLooking();
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody is left.
    }
  }

  private watchOutput(): void {
    for (const stream of [this.child.stdout, this.child.stderr] as Readable[]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (stream === this.child.stderr) this.errors.add(text);
        this.options.onPrinted?.(text);
        stream.pause();
        this.machine.after(PRINT_PAUSE_MS, () => stream.resume());
      });
    }
  }

  private answerClock(): void {
    const line = this.child.stdio[CLOCK_FD] as unknown as Duplex;
    line.on('error', () => undefined);
    line.on('data', (asked: Buffer) => {
      const answer = Buffer.alloc(8 * asked.length);
      const now = this.options.now?.().getTime() ?? 0;
      for (let at = 0; at < answer.length; at += 8) answer.writeDoubleLE(now, at);
      line.write(answer);
      // Whoever asks waits for the answer; this one asks without listening, into our memory.
      if (line.writableLength > MOST_UNREAD) this.kill();
    });
  }

  /** Buffers are not part of the heap that Node.js limits itself. */
  private look(): void {
    this.stopLooking = this.machine.after(LOOK_EVERY_MS, () => {
      this.isTooBig = residentMiB(this.child.pid) > 2 * this.options.memoryMiB + BASE_MIB;
      if (this.isTooBig) this.kill();
      else this.look();
    });
  }

  private reasonOf(code: number | null, signal: string | null): string {
    this.stopLooking();
    const { memoryMiB } = this.options;
    const ranOut = signal === 'SIGABRT' && /out of memory|OOM|Allocation failed/i.test(this.errors.after(0).text);
    if (this.isTooBig || ranOut) return `used more than ${memoryMiB} MiB of memory`;
    return signal === null ? `ended its process with exit code ${code}` : `ended its process by ${signal}`;
  }
}

/** 0 where the system does not tell it as Linux does. */
function residentMiB(pid: number | undefined): number {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return (Number(pages) * PAGE_BYTES) / 2 ** 20;
  } catch {
    return 0;
  }
}
