import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Copies what is, or is about to be, in the repository: as a clone would have it. */
export function copySource(to: string): void {
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const names = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], options);
  for (const name of names.split('\0').filter((one) => one !== '' && existsSync(join(ROOT, one))))
    cpSync(join(ROOT, name), join(to, name));
}
