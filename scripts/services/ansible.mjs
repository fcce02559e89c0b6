// Ansible, whose playbooks tests play. Only programs: nothing runs by itself.
import { needPrograms, which } from '../lib/debian.mjs';

export const name = 'Ansible';
/** The tests' variable: the path of ansible-playbook. */
export const variable = 'FENIX_TEST_ANSIBLE';

/** Rejects with a sentence that says why it cannot be. */
export async function start() {
  const [url] = needPrograms({ find: () => [which('ansible-playbook')], packages: ['ansible-core'], variable });
  return { url, stop: async () => {} };
}
