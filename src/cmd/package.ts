import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * A file of this package, named from its root. The way there from src/cmd and dist/src/cmd differs, so the root is looked
 * for upwards. @throws Error if there is no package around this file
 */
export function packageFile(path: string): string {
  for (let at = new URL('.', import.meta.url); ; at = new URL('..', at)) {
    if (existsSync(new URL('package.json', at))) return fileURLToPath(new URL(path, at));
    if (at.pathname === '/') throw new Error('package.json is missing: Fenix is not installed as a package');
  }
}
