import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Values } from '../../../src/config/index.js';
import type { Order, Said } from './engine.js';
import type { Point } from './points.js';

const SCRIPT = fileURLToPath(new URL('./engine.js', import.meta.url));
/** Lines of its log that are kept to say what it did last. */
const LINES = 60;

/** A process that waits to be an engine. */
export class EngineProcess {
  readonly passed: Point[] = [];
  readonly lastWords: string[] = [];
  /** Resolves with the signal that ended it. */
  readonly died: Promise<NodeJS.Signals | null>;
  private readonly child: ChildProcess;
  private readonly ready: Promise<unknown>;
  private readonly listening = new Set<(said: Said) => void>();

  constructor() {
    // Without what AVA gives its own processes: source maps make loading slow.
    this.child = fork(SCRIPT, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.died = once(this.child, 'exit').then(([, signal]) => signal);
    createInterface({ input: this.child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      this.lastWords.push(shortened(line));
      if (this.lastWords.length > LINES) this.lastWords.shift();
    });
    this.child.on('message', (said: Said) => {
      if (said.kind === 'passed') this.passed.push(said.point);
      for (const listen of this.listening) listen(said);
    });
    this.ready = this.says('ready');
  }

  /** Makes an engine of it. Resolves when it runs, or has died at its point. */
  async start(options: Values, dieAt?: Point): Promise<void> {
    await this.ready;
    this.passed.length = 0;
    this.lastWords.length = 0;
    const started = Promise.race([this.says('started'), this.died]);
    this.send({ kind: 'start', options, dieAt });
    await started;
  }

  /** Ends the engine in good order; the process waits to be another one. */
  async stop(): Promise<void> {
    const stopped = Promise.race([this.says('stopped'), this.died]);
    this.send({ kind: 'stop' });
    await stopped;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.died;
  }

  private send(order: Order): void {
    this.child.send(order, () => undefined);
  }

  private says(kind: Said['kind']): Promise<void> {
    return new Promise((resolve, reject) => {
      const listen = (said: Said): void => {
        if (said.kind !== kind && said.kind !== 'broken') return;
        this.listening.delete(listen);
        if (said.kind === 'broken') reject(new Error(`The engine broke: ${said.why}\n${this.lastWords.join('\n')}`));
        else resolve();
      };
      this.listening.add(listen);
    });
  }
}

/** Processes whose code is loaded: a run does not wait for that. */
export class EnginePool {
  private readonly idle: EngineProcess[] = [];
  private readonly all = new Set<EngineProcess>();

  /** One to use now; another one is made ready meanwhile. */
  take(): EngineProcess {
    while (this.idle.length < 2) this.idle.push(this.make());
    return this.idle.shift() as EngineProcess;
  }

  /** It was stopped, and may be used again. */
  giveBack(engine: EngineProcess): void {
    this.idle.unshift(engine);
  }

  async end(): Promise<void> {
    await Promise.all([...this.all].map((engine) => engine.end()));
  }

  private make(): EngineProcess {
    const engine = new EngineProcess();
    this.all.add(engine);
    void engine.died.then(() => this.all.delete(engine));
    return engine;
  }
}

function shortened(line: string): string {
  try {
    const { time, level, msg, reason = '', action = '', err } = JSON.parse(line);
    return `${time} ${level} ${msg} ${action} ${reason} ${err?.message ?? ''}`;
  } catch {
    return line;
  }
}
