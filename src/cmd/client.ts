#!/usr/bin/env node
import { homedir } from 'node:os';
import { CLI_EXIT } from '../cli/exit-codes.js';
import { runFenix } from '../cli/main.js';
import { VERSION } from './version.js';

/** Between two looks at what is waited for. */
const POLL_MS = 2000;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Who says it twice does not want to wait.
    if (interrupted.signal.aborted) process.exit(CLI_EXIT.interrupted);
    interrupted.abort();
  });
}

// `fenix … | head`: who reads no more wants no more, and no complaint.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? CLI_EXIT.brokenPipe : CLI_EXIT.refused);
});
// With nobody to tell it to, there is nothing to do about that.
process.stderr.on('error', () => {});

process.exitCode = await runFenix(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  signal: interrupted.signal,
  version: VERSION,
  now: () => new Date(),
  pollMs: POLL_MS,
});
