// npm run test:chaos -- --minutes N --seed N: builds, and runs wave after wave of sessions on servers and processes that are
// killed meanwhile. Closes with "N passed, N failed, N skipped", of waves.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, install, root } from './lib/prepare.mjs';

if (!install() || !buildIfStale()) {
  console.log('✘ it cannot be built\n0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const main = join(root, 'dist/test/chaos/main.js');
const child = spawn(process.execPath, ['--enable-source-maps', main, ...process.argv.slice(2)], { stdio: 'inherit' });
// A terminal's Ctrl-C reaches it by itself.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
