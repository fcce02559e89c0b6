import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = ['src', 'plugins', 'migrations', 'test', 'bench', 'tsconfig.json', 'package-lock.json'];

/** The file in which a build notes what it was made from. */
export function buildStamp(root) {
  return join(root, 'dist/.made-from');
}

/** The newest time of change among all that goes into a build, as text; folders count, so deleted files show. */
export function newestSource(root) {
  return String(Math.max(...SOURCES.map((name) => newest(join(root, name)))));
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  const entries = statSync(path).isDirectory() ? readdirSync(path) : [];
  return Math.max(mtimeMs, ...entries.map((name) => newest(join(path, name))));
}
