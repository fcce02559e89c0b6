import { spawnSync } from 'node:child_process';
import test from 'ava';
import fc from 'fast-check';
import { addressOf } from '../../src/remote/address.js';
import { MarkedOutput } from '../../src/remote/marked-output.js';
import { quoted } from '../../src/remote/quoting.js';
import { READS_SCRIPT, scriptLine } from '../../src/remote/script.js';
import { noShell, sshFailure, sudoRefusal } from '../../src/remote/ssh-failure.js';
import { sshArguments } from '../../src/remote/ssh-options.js';

const SETTINGS = {
  user: 'fenix',
  port: null,
  privateKey: '',
  knownHosts: '',
  sshConfig: '',
  address: '{host}',
  sudo: false,
  connectTimeout: 20,
  keepAliveInterval: 15,
};

test('whatever a text holds, a shell takes its quoted form for one word', (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 60 }).filter((one) => !one.includes('\0'));
  const assertion = fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (words) => {
    const script = `printf '%s\\036' ${words.map(quoted).join(' ')}`;
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
    return stdout === words.map((word) => `${word}\x1e`).join('');
  });
  fc.assert(assertion, { numRuns: 60 });
  t.throws(() => quoted('a\0b'), { code: 'argument', message: /NUL/ });
});

/** What the script that goes to a host does in a plain shell of this machine. */
function onThisMachine(argv: string[], options = {}) {
  // Here the input ends at once, as when a connection does.
  const line = scriptLine(argv, { outlives: true, ...options }, false, 'nonce');
  const { stdout } = spawnSync('/bin/sh', ['-c', READS_SCRIPT], { encoding: 'utf8', input: `${line}\n` });
  let text = '';
  const marked = new MarkedOutput(
    'nonce',
    (piece) => {
      text += piece;
    },
    () => undefined,
  );
  marked.add(stdout);
  return { text, code: marked.code };
}

test('variables of a program are quoted like its arguments, and their names must be names', (t) => {
  const value = `a b'"$(id)\`id\`\n\\`;
  t.is(onThisMachine(['/bin/sh', '-c', 'printf %s "$WORD"'], { env: { WORD: value } }).text, value);
  for (const name of ['', '1A', 'A-B', 'A=B', 'A;id', '$(id)']) {
    const error = t.throws(() => scriptLine(['true'], { env: { [name]: 'x' } }, false, 'nonce'), { code: 'argument' });
    t.true(error?.message.startsWith(`env.${name} is no name`));
  }
});

test('a host that knows the mark of its own program fools nobody with it, nor fills memory', (t) => {
  let kept = 0;
  const marked = new MarkedOutput(
    'n1',
    (text) => {
      kept += text.length;
    },
    () => undefined,
  );
  marked.add('\x1en1:begin\x1e');
  marked.add(`\x1en1:end:${'0'.repeat(1000)}`);
  const piece = 'x'.repeat(10_000);
  for (let i = 0; i < 50; i += 1) marked.add(piece);
  t.true(kept >= 500_000, 'it is passed on as it comes');
  for (const bad of ['end:abc', 'end:-1', 'end:', 'end:1:2']) marked.add(`\x1en1:${bad}\x1e`);
  t.is(marked.code, undefined);
  marked.add('\x1en1:end:3\x1e');
  t.is(marked.code, 3);
  const said = sshFailure('h', 'fenix', `x\n\x1b[2J\x1b]0;owned\x07Permission denied (publickey).${'y'.repeat(5000)}`);
  t.notRegex(said.message, /\p{Cc}/u);
  t.true(said.message.length < 400);
});

test('what start-up files of the login shell print is no output of the program', (t) => {
  const heard: string[] = [];
  const marked = new MarkedOutput(
    'n1',
    (text) => heard.push(text),
    () => heard.push('begun'),
  );
  for (const piece of ['Welcome!\n\x1en', '1:beg', 'in\x1eout', 'put\x1e', '\x1en1:end:', '25', '5\x1e'])
    marked.add(piece);
  t.is(heard.join('|'), 'begun|out|put|\x1e');
  t.is(marked.code, 255);
});

test('a program cannot set a mark, since it does not know the word in it', (t) => {
  const result = onThisMachine(['/bin/sh', '-c', `printf '\\036other:end:0\\036'; exit 7`]);
  t.is(result.text, '\x1eother:end:0\x1e');
  t.is(result.code, 7);
});

const { signal } = new AbortController();
const address = (template: string, host: string, ip?: string) => addressOf(template, host, async () => ip, signal);

for (const host of [
  '-oProxyCommand=id',
  '',
  'a b',
  'a;id',
  'user@host',
  '$(id)',
  'a\nb',
  '../x',
  'host/',
  '.x',
  '_x;',
]) {
  test(`no connection is tried to the host ${JSON.stringify(host)}`, async (t) => {
    const error = await t.throwsAsync(address('{host}', host), { code: 'address' });
    t.true(error?.message.includes('is no address to connect to: a host name (letters, digits'));
    await t.throwsAsync(address('{host_ip}', 'compute-1', host), { code: 'address' });
  });
}

test('a host is found under its name, in a domain, or at an address', async (t) => {
  t.is(await address('{host}', 'compute-1.example.com'), 'compute-1.example.com');
  t.is(await address('{host}.mgmt.example.com', 'compute-1'), 'compute-1.mgmt.example.com');
  t.is(await address('{host}', '192.0.2.7'), '192.0.2.7');
  t.is(await address('{host}', 'fe80::1%eth0'), 'fe80::1%eth0');
});

test('a host is found at the address that its hypervisor tells Nova, if it has one', async (t) => {
  t.is(await address('{host_ip}', 'compute-1', '192.0.2.7'), '192.0.2.7');
  await t.throwsAsync(address('{host_ip}', 'controller-1'), {
    code: 'address',
    message: /^Nova has no hypervisor of controller-1, and so no \{host_ip\}/,
  });
});

const SAID: Readonly<Record<string, [code: string, kind: string]>> = {
  'ssh: connect to host c1 port 22: Connection refused': ['unreachable', 'transient'],
  'ssh: connect to host c1 port 22: Connection timed out': ['unreachable', 'transient'],
  'ssh: Could not resolve hostname c1: Name or service not known': ['unreachable', 'transient'],
  'kex_exchange_identification: Connection closed by remote host': ['unreachable', 'transient'],
  '': ['unreachable', 'transient'],
  'Host key verification failed.': ['host-key', 'terminal'],
  'No ED25519 host key is known for c1 and you have requested strict checking.\nHost key verification failed.': [
    'host-key',
    'terminal',
  ],
  'fenix@c1: Permission denied (publickey).': ['login-refused', 'terminal'],
  'Received disconnect from 192.0.2.7 port 22:2: Too many authentication failures': ['login-refused', 'terminal'],
  '/etc/fenix/ssh_config: line 1: Bad configuration option: nonsense': ['ssh-failed', 'terminal'],
  'Unable to negotiate with 192.0.2.7 port 22: no matching key exchange method found.': ['ssh-failed', 'terminal'],
};
for (const [said, [code, kind]] of Object.entries(SAID)) {
  test(`ssh that says ${JSON.stringify(said)} means ${code}`, (t) => {
    const failure = sshFailure('c1', 'fenix', said);
    t.like(failure, { code, kind });
    t.true(failure.message.includes('c1'));
  });
}

test('a login without a shell is a refused one, with the words of the host', (t) => {
  const failure = noShell('c1', 'fenix', 'This account is currently not available.\n');
  t.like(failure, { code: 'login-refused', kind: 'terminal' });
  t.is(failure.message, 'c1 lets fenix in, but not run programs: This account is currently not available.');
});

test('sudo that does not run the program is told from a program that ends with 1', (t) => {
  const refusal = sudoRefusal('c1', 'fenix', 'warning\nsudo: a password is required\n');
  t.like(refusal, { code: 'sudo-refused', kind: 'terminal' });
  t.true(refusal?.message.endsWith('does not let fenix become root: sudo: a password is required'));
  const sorry = "Sorry, user fenix is not allowed to execute '/usr/bin/apt-get' as root on c1.";
  t.true(sudoRefusal('c1', 'fenix', sorry)?.message.endsWith(sorry));
  t.is(sudoRefusal('c1', 'fenix', 'sudo: apt-get: command not found'), undefined);
  t.is(sudoRefusal('c1', 'fenix', 'E: broken'), undefined);
});

test('ssh asks nobody, trusts no host that it does not know, and opens nothing, whatever ssh_config says', (t) => {
  const args = sshArguments({ ...SETTINGS, privateKey: '/etc/fenix/100% key', knownHosts: '/etc/fenix/known_hosts' });
  for (const option of [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'UserKnownHostsFile="/etc/fenix/known_hosts"',
    'GlobalKnownHostsFile=none',
    'IdentityFile="/etc/fenix/100%% key"',
    'IdentitiesOnly=yes',
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    'ControlMaster=no',
    'PermitLocalCommand=no',
    'ConnectTimeout=20',
    'ServerAliveInterval=15',
  ]) {
    t.true(args.includes(option), option);
  }
  t.deepEqual(args.slice(-2), ['-l', 'fenix']);
  t.false(args.includes('-p'));
});

test('what is not set is left to ssh_config: port, keys, known hosts', (t) => {
  const args = sshArguments({ ...SETTINGS, sshConfig: '/etc/fenix/ssh_config', port: 2222 });
  t.deepEqual(args.slice(0, 2), ['-F', '/etc/fenix/ssh_config']);
  t.deepEqual(args.slice(-4), ['-p', '2222', '-l', 'fenix']);
  t.false(args.some((arg) => /^(IdentityFile|UserKnownHostsFile)=/.test(arg)));
});
