// Python's keystoneauth1, by which OpenStack's clients find services. Only programs: nothing of it runs by itself.
import { existsSync } from 'node:fs';
import { needPrograms } from '../lib/debian.mjs';

export const name = "Python's keystoneauth1";
/** The tests' variable: a Python that has the library. */
export const variable = 'FENIX_TEST_KEYSTONEAUTH_PYTHON';

/** Debian's, whatever other Python is on the PATH: the package is for no other one. */
const PYTHON = '/usr/bin/python3';
const LIBRARY = '/usr/lib/python3/dist-packages/keystoneauth1/__init__.py';

/** `url` is the path of the Python to run. Rejects with a sentence that says why it cannot be. */
export async function start() {
  const find = () => [PYTHON, LIBRARY].map((path) => (existsSync(path) ? path : undefined));
  const [url] = needPrograms({ find, packages: ['python3-keystoneauth1'], variable });
  return { url, stop: async () => {} };
}
