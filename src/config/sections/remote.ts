import { flag, integer, number, optionalInteger, text } from '../options.js';

/** [remote]: how programs are run on the hosts that are being maintained (docs/actions.md). */
export const remote = {
  doc: 'Programs on hosts over SSH, for action plug-ins; by the OpenSSH client of this machine.',
  options: {
    user: text('', 'User to log in as. Empty: no plug-in can run programs on hosts.', { check: userProblem }),
    private_key: text('', 'File with the private key, without passphrase. Empty: what ssh finds by itself.', {
      check: fileProblem,
    }),
    known_hosts: text(
      '',
      "File with the hosts' keys, or with the CA that signs them; a host that is not in it is refused. Empty: what ssh " +
        'finds by itself.',
      { check: fileProblem },
    ),
    ssh_config: text('', "ssh_config to use in place of the user's and the system's: jump hosts, ciphers …", {
      check: fileProblem,
    }),
    address: text(
      '{host}',
      'Where a host is found: {host} is its name as Nova has it, as in {host}.mgmt.example.com; {host_ip} the IP address ' +
        'that its hypervisor tells Nova.',
      { check: (given) => (/\{host(_ip)?\}/.test(given) ? undefined : 'a text that holds {host} or {host_ip}') },
    ),
    port: optionalInteger('Port of sshd. Empty: what ssh_config says, else 22.', { min: 1, max: 65535 }),
    sudo: flag(false, 'Run the programs by "sudo -n", where the user is not root.'),
    connect_timeout: number(20, 'Seconds for connecting; logging in may take twice as long.', { min: 1 }),
    keep_alive_interval: integer(15, 'Seconds between probes of a silent connection; four without answer end it.', {
      min: 1,
    }),
  },
  retired: [],
} as const;

function userProblem(user: string): string | undefined {
  return /^([A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(user) ? undefined : 'the name of a user';
}

function fileProblem(path: string): string | undefined {
  return path === '' || /^\/[^"\n]*$/.test(path) ? undefined : 'an absolute path without quotes';
}
