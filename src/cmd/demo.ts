#!/usr/bin/env node
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../common/lifecycle.js';
import { refusing } from './command-line.js';
import { parseDemoOptions } from './demo/options.js';
import { Demo } from './demo/run.js';

await refusing(async () => {
  const options = parseDemoOptions(process.argv.slice(2));
  const directory = mkdtempSync(join(tmpdir(), 'fenix-demo-'));
  const stopping = new AbortController();
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  // The second signal means: at once.
  const stop = (): void => (stopping.signal.aborted ? process.exit(EXIT.forced) : stopping.abort());
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // Nobody reads any more, as with "| head".
  process.stdout.on('error', () => stopping.abort());
  process.exitCode = await new Demo(options, stopping.signal).run(directory);
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
});
