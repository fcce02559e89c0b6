// Before "npm pack" (with --undo: after it): builds, and has the package bring the versions of all that it depends on, as
// tested here; npm takes those from npm-shrinkwrap.json and leaves package-lock.json out.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale, root } from './lib/prepare.mjs';

const shrinkwrap = join(root, 'npm-shrinkwrap.json');

if (process.argv[2] === '--undo') rmSync(shrinkwrap, { force: true });
else if (buildIfStale()) writeFileSync(shrinkwrap, `${JSON.stringify(forUse(), null, 2)}\n`);
else process.exitCode = 1;

/** The lock file without what only development needs. */
function forUse() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { devDependencies: _, ...project } = lock.packages[''];
  const used = Object.entries(lock.packages).filter(
    ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional,
  );
  return { ...lock, packages: { '': project, ...Object.fromEntries(used) } };
}
