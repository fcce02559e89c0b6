import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { FenixError } from '../../common/errors.js';
import { asEnvironment, type Values } from '../../config/index.js';

const PROGRAMS = fileURLToPath(new URL('..', import.meta.url));

/** A line of a service's log, as far as it is read here. */
interface LogLine {
  readonly msg?: string;
  readonly url?: string;
}

/** An executable of Fenix as a process of its own, configured by its environment. */
export class ServiceProcess {
  /** Rejects when it ended before it was told to. */
  readonly broken: Promise<never>;
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private readonly waiting = new Set<(line: LogLine) => void>();
  private stopping = false;
  private lastWords = '';

  /**
   * @param log takes its log as well, if there is one
   * @param programs folder of the executables, of this release unless another is given
   */
  constructor(name: 'api' | 'engine', options: Values, log: Writable | undefined, programs: string = PROGRAMS) {
    const script = join(programs, `${name}.js`);
    const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('OS_'));
    const env = { ...Object.fromEntries(inherited), ...asEnvironment(options) };
    // A terminal's Ctrl-C reaches it as well: the demo decides when it ends.
    const stdio = ['ignore', 'ignore', 'pipe'] as const;
    this.child = spawn(process.execPath, ['--enable-source-maps', script], { env, stdio: [...stdio], detached: true });
    this.ended = once(this.child, 'exit');
    const reap = (): void => void this.child.kill('SIGKILL');
    process.once('exit', reap);
    this.child.once('exit', () => process.off('exit', reap));
    createInterface({ input: this.child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      log?.write(`${line}\n`);
      this.hear(line);
    });
    this.broken = this.ended.then(() => {
      if (this.stopping) return new Promise<never>(() => undefined);
      throw new FenixError('terminal', 'service-ended', `fenix-${name} ended by itself: ${this.lastWords}`);
    });
    this.broken.catch(() => undefined);
  }

  /** Resolves with the line of its log that says so. */
  async says(msg: string): Promise<LogLine> {
    const heard = new Promise<LogLine>((resolve) => {
      const listen = (line: LogLine): void => {
        if (line.msg !== msg) return;
        this.waiting.delete(listen);
        resolve(line);
      };
      this.waiting.add(listen);
    });
    return Promise.race([heard, this.broken]);
  }

  /** Ends it as an operator does, who waits for as long as it takes; or as a power failure does, by SIGKILL. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.stopping = true;
    this.child.kill(signal);
    await this.ended;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Lets it stand still, as a machine does that swaps or is being migrated, and go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(name);
  }

  private hear(text: string): void {
    const line = parsed(text);
    this.lastWords = line.msg ?? text;
    for (const listen of this.waiting) listen(line);
  }
}

function parsed(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
}
