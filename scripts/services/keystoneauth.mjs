// Python's keystoneauth1, by which OpenStack's clients find services. Only programs: nothing of it runs by itself.
import { pythonWith } from '../lib/debian.mjs';

export const name = "Python's keystoneauth1";
/** The tests' variable: a Python that has the library. */
export const variable = 'FENIX_TEST_KEYSTONEAUTH_PYTHON';

/** Rejects with a sentence that says why it cannot be. */
export async function start() {
  return pythonWith({ modules: ['keystoneauth1'], packages: ['python3-keystoneauth1'], variable });
}
