import test from 'ava';
import { FenixError } from '../../src/common/errors.js';
import { loadConfig } from '../../src/config/index.js';

const from = (section: string, options: Record<string, string>) => loadConfig({ commandLine: { [section]: options } });

test('without a user nothing can be run on hosts, and without names nothing on the machine of the engine', (t) => {
  const { config } = loadConfig();
  t.is(config.remote.user, '');
  t.deepEqual(config.plugins.runLocally, []);
  t.is(config.plugins.localFiles, '');
});

const BAD: ReadonlyArray<readonly [section: string, option: string, value: string, allowed: string]> = [
  ['remote', 'user', '-oProxyCommand=id', 'must be the name of a user'],
  ['remote', 'user', 'a b', 'must be the name of a user'],
  ['remote', 'private_key', 'id_ed25519', 'must be an absolute path without quotes'],
  ['remote', 'known_hosts', '/etc/"known_hosts', 'must be an absolute path without quotes'],
  ['remote', 'ssh_config', '-F', 'must be an absolute path without quotes'],
  ['remote', 'address', 'mgmt.example.com', 'must be a text that holds {host} or {host_ip}'],
  ['remote', 'port', '0', 'must be a whole number from 1 up to 65535'],
  ['remote', 'connect_timeout', '0', 'must be a number from 1'],
  ['remote', 'sudo', 'maybe', 'must be true or false'],
  ['plugins', 'local_files', 'playbooks', 'must be an absolute path'],
];
for (const [section, option, value, allowed] of BAD) {
  test(`[${section}] ${option} = ${value} is refused with what is allowed`, (t) => {
    const error = t.throws(() => from(section, { [option]: value }), { instanceOf: FenixError });
    t.true(error?.message.includes(`option ${option} in section [${section}] ${allowed}`), error?.message);
  });
}

test('a whole section is taken as it is meant', (t) => {
  const given = {
    user: 'fenix',
    private_key: '/etc/fenix/ssh/id_ed25519',
    known_hosts: '/etc/fenix/ssh/known hosts',
    address: '{host}.mgmt.example.com',
    port: '2222',
    sudo: 'yes',
  };
  t.like(from('remote', given).config.remote, { address: '{host}.mgmt.example.com', port: 2222, sudo: true });
});
