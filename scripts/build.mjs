import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildStamp, newestSource } from './lib/sources.mjs';

// A stale dist keeps deleted tests and modules alive.
const root = fileURLToPath(new URL('..', import.meta.url));
const madeFrom = newestSource(root);
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: root, stdio: 'inherit' });
if (tsc.status === 0) writeFileSync(buildStamp(root), madeFrom);
process.exit(tsc.status ?? 1);
