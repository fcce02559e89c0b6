// Before "npm pack" (with --undo: after it): builds, and has the package bring the lock file along. npm leaves
// package-lock.json out of packages, npm-shrinkwrap.json is the same under a name that it takes; "npm ci" goes by it.
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale, root } from './lib/prepare.mjs';

const shrinkwrap = join(root, 'npm-shrinkwrap.json');

if (process.argv[2] === '--undo') rmSync(shrinkwrap, { force: true });
else if (buildIfStale()) copyFileSync(join(root, 'package-lock.json'), shrinkwrap);
else process.exitCode = 1;
