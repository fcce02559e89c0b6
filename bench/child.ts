import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** A process that answers each line of JSON on its standard input with a line of JSON. */
export class Child {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: Interface;

  constructor(program: string, args: readonly string[]) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout });
  }

  async ask<T>(question: object): Promise<T> {
    const answer = new Promise<string>((resolve, reject) => {
      this.lines.once('line', resolve);
      this.child.once('exit', (code) => reject(new Error(`a peer ended with ${code}`)));
    });
    this.child.stdin.write(`${JSON.stringify(question)}\n`);
    const line = await answer;
    this.child.removeAllListeners('exit');
    return JSON.parse(line) as T;
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}
