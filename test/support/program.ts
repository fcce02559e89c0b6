import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

export type ProgramName = 'api' | 'client' | 'engine' | 'manage' | 'simulator' | 'demo';

/** An executable of ours as a process of its own, with nothing of our environment that configures it. */
export class Program {
  stdout = '';
  stderr = '';
  /** Resolves to the exit code when all output is read; a signal that ended it stands in its place. */
  readonly ended: Promise<number | string>;
  private readonly child: ChildProcess;

  constructor(t: ExecutionContext, name: ProgramName, args: readonly string[], options: Record<string, string> = {}) {
    const script = fileURLToPath(new URL(`../../src/cmd/${name}.js`, import.meta.url));
    const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('OS_'));
    const env = { ...Object.fromEntries(inherited), ...options };
    this.child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => code ?? signal);
    t.teardown(async () => {
      this.child.kill('SIGKILL');
      await this.ended;
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Nobody reads any more what it writes. */
  closeOutput(): void {
    this.child.stdout?.destroy();
  }

  /** Resolves when it has written something that matches; rejects when it ended without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (let running = true; ; ) {
      const found = pattern.exec(this.stdout + this.stderr);
      if (found !== null) return found;
      if (!running) throw new Error(`ended without ${pattern}:\n${this.stdout}${this.stderr}`);
      running = await this.more();
    }
  }

  /** Something more was written (true) or it ended (false). */
  private async more(): Promise<boolean> {
    const done = new AbortController();
    const { stdout, stderr } = this.child;
    const written = [stdout, stderr].map((stream) =>
      once(stream as NodeJS.ReadableStream, 'data', { signal: done.signal }).then(
        () => true,
        () => true,
      ),
    );
    const running = await Promise.race([...written, this.ended.then(() => false)]);
    done.abort();
    return running;
  }
}

export { asEnvironment } from '../../src/config/index.js';

/** An empty directory, gone after the test. */
export function aDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-test-executables-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
