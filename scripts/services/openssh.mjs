// OpenSSH's server and client, with which tests run programs on a "host" of their own. Only programs: nothing runs by itself.
import { needPrograms, which } from '../lib/debian.mjs';

export const name = 'OpenSSH';
/** The tests' variable: the path of sshd, which wants to be called by a whole path. */
export const variable = 'FENIX_TEST_SSHD';

/** Rejects with a sentence that says why it cannot be. */
export async function start() {
  const find = () => [which('sshd'), which('ssh'), which('ssh-keygen')];
  const packages = ['openssh-server', 'openssh-client'];
  const [url] = needPrograms({ find, packages, services: ['ssh.service', 'ssh.socket'], variable });
  return { url, stop: async () => {} };
}
