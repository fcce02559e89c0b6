// Python's oslo.messaging, the peer that interoperability tests talk to. Only programs: nothing of it runs by itself.
import { pythonWith } from '../lib/debian.mjs';

export const name = "Python's oslo.messaging";
/** The tests' variable: a Python that has the library. */
export const variable = 'FENIX_TEST_OSLO_PYTHON';

/** Rejects with a sentence that says why it cannot be. */
export async function start() {
  return pythonWith({ modules: ['oslo_messaging'], packages: ['python3-oslo.messaging'], variable });
}
