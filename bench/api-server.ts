import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Of /proc/<pid>/stat: clock ticks a second on Linux. */
const TICKS = 100;
const START_MS = 60_000;

/** A port of 127.0.0.1 at which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A service under measurement, with its children. */
export class Served {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /** @param log file that takes what it says, access log included. Resolves once `probe` is answered at all */
  static async start(
    program: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    { url, log, probe }: { readonly url: string; readonly log: string; readonly probe: string },
  ): Promise<Served> {
    const out = openSync(log, 'a');
    const served = new Served(url, spawn(program, args, { env, stdio: ['ignore', out, out] }));
    for (const limit = performance.now() + START_MS; performance.now() < limit; await pause(100)) {
      if (await fetch(url + probe).catch(() => undefined)) return served;
      if (served.child.exitCode !== null) break;
    }
    await served.stop();
    throw new Error(`${program} does not serve: ${readFileSync(log, 'utf8').slice(-2000)}`);
  }

  /** Processor time so far, of the process and its children; seconds. */
  cpuS(): number {
    const own = this.child.pid ?? 0;
    const all = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => statOf(Number(name)) ?? []);
    const mine = all.filter(({ pid, parent }) => pid === own || parent === own);
    return mine.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const limit = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(limit);
  }
}

function statOf(pid: number): { pid: number; parent: number; ticks: number } | undefined {
  try {
    // The name in parentheses may have blanks in it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}
