// dnf, rpm and createrepo_c, which Debian has as well: tests upgrade packages of their own with them. Only programs.
import { needPrograms, which } from '../lib/debian.mjs';

export const name = 'dnf';
/** The tests' variable: the path of dnf. */
export const variable = 'FENIX_TEST_DNF';

/** Rejects with a sentence that says why it cannot be. */
export async function start() {
  const find = () => [which('dnf'), which('rpm'), which('rpmbuild'), which('createrepo_c')];
  const services = ['dnf-makecache.timer', 'dnf-makecache.service'];
  const [url] = needPrograms({ find, packages: ['dnf', 'rpm', 'createrepo-c'], services, variable });
  return { url, stop: async () => {} };
}
