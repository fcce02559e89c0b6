import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * A Python that has oslo.messaging: Debian's, which `npm test` installs if it may, or the one that
 * FENIX_TEST_OSLO_PYTHON names. Undefined where there is none; what needs it is then skipped.
 */
export const osloPython: string | undefined = process.env.FENIX_TEST_OSLO_PYTHON;

const SCRIPT = fileURLToPath(new URL('../../../test/support/oslo-peer.py', import.meta.url));

type Fields = Readonly<Record<string, unknown>>;

/** An exception as the Python client raised it. */
export class PythonError extends Error {
  constructor(readonly error: Fields) {
    super(`${error.module}.${error.class}: ${error.text}`);
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** One Python process that is client, server, notifier and listener as it is asked to; see oslo-peer.py. */
export class OsloPeer {
  /** What its server and its listener were told, in order. */
  readonly events: Fields[] = [];
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Set<() => void>();
  private readonly ended: Promise<unknown>;
  private asked = 0;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    createInterface({ input: child.stdout }).on('line', (line) => this.take(JSON.parse(line)));
    this.ended = once(child, 'close').then(([code]) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`the Python peer ended with ${code}`));
    });
  }

  static async start(python: string, url: string, exchange: string): Promise<OsloPeer> {
    const peer = new OsloPeer(spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'ignore'] }));
    peer.write({ url, exchange });
    await peer.until(() => peer.events.length > 0);
    peer.events.length = 0;
    return peer;
  }

  /** Rejects with a {@link PythonError}. */
  ask(op: 'serve' | 'listen' | 'stop' | 'call' | 'cast' | 'notify', fields: Fields = {}): Promise<unknown> {
    const id = this.asked++;
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.write({ ...fields, op, id });
    return answer;
  }

  /** Resolves when `condition` holds, which is looked at after each event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await Promise.race([
        new Promise<void>((resolve) => this.listeners.add(resolve)),
        this.ended.then(() => Promise.reject(new Error('the Python peer ended'))),
      ]);
    }
  }

  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private write(message: Fields): void {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  private take({ id, result, error, ...event }: Fields): void {
    if (typeof id !== 'number') this.events.push(event);
    else if (error === undefined) this.waiting.get(id)?.resolve(result);
    else this.waiting.get(id)?.reject(new PythonError(Object(error) as Fields));
    if (typeof id === 'number') this.waiting.delete(id);
    for (const wake of this.listeners) wake();
    this.listeners.clear();
  }
}
