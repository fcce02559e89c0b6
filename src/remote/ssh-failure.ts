import { stripVTControlCharacters } from 'node:util';
import { FenixError } from '../common/errors.js';

const HOST_KEY = /host key verification failed|remote host identification has changed|no .*host key is known/i;
const REFUSED =
  /permission denied|too many authentication failures|no supported authentication methods|account .*(locked|expired)/i;
const LONGEST_REASON = 300;
/** Ours or the operator's configuration, and what two ends do not have in common. */
const HOPELESS =
  /bad configuration option|unable to negotiate|no matching .* found|terminating, .* bad|can't open user config/i;

/**
 * Why ssh did not get as far as running anything.
 * @param said standard error of ssh
 */
export function sshFailure(host: string, user: string, said: string): FenixError {
  const last = lastLine(said);
  if (HOST_KEY.test(said)) {
    const message = `The host key of ${host} is not the one that known_hosts has: ${last}`;
    return new FenixError('terminal', 'host-key', message);
  }
  if (REFUSED.test(said)) {
    return new FenixError('terminal', 'login-refused', `${host} does not let ${user} in: ${last}`);
  }
  if (HOPELESS.test(said)) return new FenixError('terminal', 'ssh-failed', `ssh to ${host} cannot work: ${last}`);
  return unreachable(host, last);
}

export function unreachable(host: string, why: string): FenixError {
  return new FenixError('transient', 'unreachable', `${host} cannot be reached: ${why}`);
}

/** It let us in, and then ran something else than it was asked for, such as nologin. */
export function noShell(host: string, user: string, said: string): FenixError {
  const message = `${host} lets ${user} in, but not run programs: ${lastLine(said)}`;
  return new FenixError('terminal', 'login-refused', message);
}

/** What sudo says when it does not run the program at all; undefined when it did. */
export function sudoRefusal(host: string, user: string, said: string): FenixError | undefined {
  const [refusal] =
    /^sudo: (a password is required|a terminal is required|.*not allowed|.*not in the sudoers).*$/m.exec(said) ?? [];
  const [sorry] = /^Sorry, user .* is not allowed to execute .*$/m.exec(said) ?? [];
  const why = refusal ?? sorry;
  if (why === undefined) return undefined;
  return new FenixError('terminal', 'sudo-refused', `${host} does not let ${user} become root: ${why}`);
}

function lastLine(said: string): string {
  const last = said.trim().split('\n').at(-1) ?? '';
  // It is the host's own words: a sentence of them, and nothing that could move a cursor.
  return stripVTControlCharacters(last).replace(/\p{C}/gu, '').trim().slice(0, LONGEST_REASON) || 'ssh gave no reason.';
}
