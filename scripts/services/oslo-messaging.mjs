// Python's oslo.messaging, the peer that interoperability tests talk to. Only programs: nothing of it runs by itself.
import { existsSync } from 'node:fs';
import { needPrograms } from '../lib/debian.mjs';

export const name = "Python's oslo.messaging";
/** The tests' variable: a Python that has the library. */
export const variable = 'FENIX_TEST_OSLO_PYTHON';

/** Debian's, whatever other Python is on the PATH: the package is for no other one. */
const PYTHON = '/usr/bin/python3';
const LIBRARY = '/usr/lib/python3/dist-packages/oslo_messaging/__init__.py';

/** `url` is the path of the Python to run. Rejects with a sentence that says why it cannot be. */
export async function start() {
  const find = () => [PYTHON, LIBRARY].map((path) => (existsSync(path) ? path : undefined));
  const [url] = needPrograms({ find, packages: ['python3-oslo.messaging'], variable });
  return { url, stop: async () => {} };
}
