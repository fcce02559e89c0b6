#!/usr/bin/env node
import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusing } from './command-line.js';
import { parseDemoOptions } from './demo-options.js';
import { Demo } from './demo-run.js';

await refusing(async () => {
  const options = parseDemoOptions(process.argv.slice(2));
  const directory = mkdtempSync(join(tmpdir(), 'fenix-demo-'));
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  try {
    process.exitCode = await new Demo(options, stopping.signal).run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
