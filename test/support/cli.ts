import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import type { Transport } from '../../src/cli/auth/transport.js';
import { runFenix } from '../../src/cli/main.js';
import { Screen } from './screen.js';

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly now?: () => Date;
  /** In place of a pipe. */
  readonly screen?: Screen;
  readonly signal?: AbortSignal;
  /** Requests go as they do outside tests. */
  readonly systemFetch?: boolean;
  /** Sends requests in place of that. */
  readonly fetch?: Transport;
}

/** A command line of `fenix` that runs in this process. */
export interface CliRun {
  /** What it has written so far. */
  out: string;
  err: string;
  /** Resolves to the exit code. */
  readonly code: Promise<number>;
}

const POLL_MS = 100;

/** Begins it; nothing of this process's own environment or files is read. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliRun {
  const {
    env = {},
    cwd = '/nonexistent',
    stdin = '',
    now = () => new Date(),
    screen,
    signal,
    systemFetch,
    fetch = plainFetch,
  } = options;
  const pipe = Object.assign(new Screen(1000, 1000), { isTTY: false });
  const run = { out: '', err: '', code: Promise.resolve(0) };
  pipe.write = (text) => {
    run.out += text;
    return true;
  };
  run.code = runFenix(args, {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: screen ?? pipe,
    stderr: {
      write: (text: string) => {
        run.err += text;
      },
    },
    env,
    cwd,
    home: '/nonexistent',
    signal: signal ?? new AbortController().signal,
    version: 'test',
    now,
    pollMs: POLL_MS,
    ...(systemFetch !== true && { fetch }),
  });
  return run;
}

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs it to its end. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const run = startCli(args, options);
  const code = await run.code;
  return { code, out: run.out, err: run.err };
}

/**
 * As fetch, by Node's own client: a stream that stays open would be work under way for whoever waits until a process is
 * quiet, and he listens to fetch.
 */
async function plainFetch(url: string | URL, { method, headers, body, signal }: RequestInit): Promise<Response> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(new TypeError('fetch failed', { cause }));
    const request = httpRequest(
      url,
      {
        ...(method && { method }),
        headers: Object.fromEntries(new Headers(headers as Record<string, string>)),
        ...(signal && { signal }),
        agent: false,
      },
      (answer) => {
        const fields = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        );
        const stream = Readable.toWeb(answer) as ReadableStream<Uint8Array>;
        const status = answer.statusCode ?? 0;
        resolve(new Response(status === 204 || status === 304 ? null : stream, { status, headers: fields }));
      },
    );
    request.on('error', fail);
    request.end(body as string | undefined);
  });
}
