// npm run demo: everything in one process against the simulated cloud. Standard output is the demo's alone.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, install, root } from './lib/prepare.mjs';

if (!install() || !buildIfStale()) process.exit(1);

// A small young generation: the demo makes much short-lived data, and should not look like a large service.
const NODE_OPTIONS = ['--enable-source-maps', '--max-semi-space-size=4'];

const demo = spawn(process.execPath, [...NODE_OPTIONS, join(root, 'dist/src/cmd/demo.js'), ...process.argv.slice(2)], {
  // npm changes to the project's folder; paths of options are meant from where the caller stands.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
});
// A terminal sends Ctrl-C to both; the demo decides when it ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => demo.kill('SIGTERM'));
demo.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
