import type { Config } from '../config/index.js';

/** Probes that may stay without an answer before ssh gives a connection up. */
const KEEP_ALIVES = 4;

/** Options that hold whatever the operator's own ssh_config says: nobody is there to answer, and nothing is to be opened. */
const ALWAYS = {
  BatchMode: 'yes',
  StrictHostKeyChecking: 'yes',
  UpdateHostKeys: 'no',
  ControlMaster: 'no',
  ControlPath: 'none',
  ForwardAgent: 'no',
  ForwardX11: 'no',
  ClearAllForwardings: 'yes',
  PermitLocalCommand: 'no',
  RequestTTY: 'no',
  RemoteCommand: 'none',
  EscapeChar: 'none',
  LogLevel: 'ERROR',
} as const;

/** Arguments of ssh up to the address (ssh(1), ssh_config(5)). */
export function sshArguments(settings: Config['remote']): string[] {
  const { user, port, privateKey, knownHosts, sshConfig, connectTimeout, keepAliveInterval } = settings;
  const options = {
    ...ALWAYS,
    ConnectTimeout: String(Math.max(1, Math.ceil(connectTimeout))),
    ServerAliveInterval: String(keepAliveInterval),
    ServerAliveCountMax: String(KEEP_ALIVES),
    ...(privateKey !== '' && { IdentityFile: path(privateKey), IdentitiesOnly: 'yes' }),
    ...(knownHosts !== '' && { UserKnownHostsFile: path(knownHosts), GlobalKnownHostsFile: 'none' }),
  };
  return [
    ...(sshConfig === '' ? [] : ['-F', sshConfig]),
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(port === null ? [] : ['-p', String(port)]),
    '-l',
    user,
  ];
}

/** As ssh_config reads it: blanks would begin another file, percent signs stand for something else. */
function path(file: string): string {
  return `"${file.replaceAll('%', '%%')}"`;
}
