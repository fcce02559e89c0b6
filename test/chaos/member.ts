import { Writable } from 'node:stream';
import { ServiceProcess } from '../../src/cmd/demo/service-process.js';
import { SystemMachineClock } from '../../src/common/clock.js';
import { messageOf } from '../../src/common/errors.js';
import type { Values } from '../../src/config/index.js';

const machine = new SystemMachineClock();
/** Ids and ports. */
const VARYING = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=127\.0\.0\.1:)\d+/g;
const LONGEST_LINE = 160;
const STARTS_WITHIN_MS = 90_000;
const RESTART_AFTER_MS = 500;

/** One of the engines or APIs, through all its lives. */
export class Member {
  /** What it must never do, one sentence each: end by itself, answer 500. */
  readonly faults: string[] = [];
  /** How often it said what at level error. */
  readonly errors = new Map<string, number>();
  private process: ServiceProcess | undefined;

  constructor(
    readonly name: string,
    private readonly kind: 'api' | 'engine',
    private readonly options: Values,
    private readonly log: Writable,
  ) {}

  /** Resolves when it says that it is up; as systemd does it, again while it cannot start. */
  async start(): Promise<void> {
    for (const limit = performance.now() + STARTS_WITHIN_MS; ; ) {
      const process = new ServiceProcess(this.kind, this.options, this.listener());
      this.process = process;
      try {
        await process.says(this.kind === 'api' ? 'API listens' : 'engine started');
        process.broken.catch((error) => this.faults.push(`${this.name}: ${messageOf(error)}`));
        return;
      } catch (error) {
        if (performance.now() > limit) throw error;
        await machine.sleepMs(RESTART_AFTER_MS);
      }
    }
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { process } = this;
    this.process = undefined;
    await process?.stop(signal);
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.process?.signal(name);
  }

  /** Writes its log down, and looks through it. */
  private listener(): Writable {
    return new Writable({
      decodeStrings: false,
      write: (line: string, _encoding, done) => {
        this.hear(line);
        this.log.write(line, () => done());
      },
    });
  }

  private hear(line: string): void {
    const { level, msg, error, reason } = parsed(line);
    if (msg === 'request failed') this.faults.push(`${this.name} answered 500: ${error}`);
    if (level !== 'error') return;
    const what = `${msg}: ${reason ?? error ?? ''}`.replaceAll(VARYING, '…').slice(0, LONGEST_LINE);
    this.errors.set(what, (this.errors.get(what) ?? 0) + 1);
  }
}

function parsed(line: string): { level?: unknown; msg?: unknown; error?: unknown; reason?: unknown } {
  try {
    return JSON.parse(line);
  } catch {
    return { level: 'error', msg: line.trim() };
  }
}
