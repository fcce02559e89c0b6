import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { ExecutionContext } from 'ava';
import { FenixError, Stopped } from '../../src/common/errors.js';
import type { Programs } from '../../src/workflow/action-tools.js';
import { eventually } from '../support/eventually.js';
import { PrivateHost, sshTest } from '../support/private-host.js';
import { isRunning, ownChildren } from '../support/processes.js';

/* Programs on hosts, by the real ssh client on a real sshd. */

const ODD = [
  '',
  ' ',
  'a b',
  '$HOME $(id) `id` $0 $@',
  `'"'"'`,
  '; rm -rf /nowhere & | < > ( ) { } [ ] * ? ~ ! # %',
  '\\ \\n \\\\',
  '-n',
  '--',
  'line\nfeed\n\n',
  '\ttab\r\x01\x1e\x7f',
  'ÁÂÃ äöü € 漢字 😀',
  'A=B',
];

async function refusal(t: ExecutionContext, programs: Programs, argv = ['true']): Promise<FenixError> {
  const error = await t.throwsAsync(programs.run(argv), { instanceOf: FenixError });
  if (error === undefined) throw new Error('it ran');
  return error;
}

sshTest('each argument arrives as it is, whatever it holds, and with it input and environment', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  const programs = host.programs();
  const { stdout, stderr, code } = await programs.run(['printf', '[%s]', ...ODD]);
  t.is(stdout, ODD.map((text) => `[${text}]`).join(''));
  t.is(stderr, '');
  t.is(code, 0);
  const input = ODD.join('|');
  t.is((await programs.run(['cat'], { input })).stdout, input);
  const env = Object.fromEntries(ODD.map((text, index) => [`ODD_${index}`, text]));
  const script = ODD.map((_, index) => `printf '%s|' "$ODD_${index}"`).join(';');
  t.is((await programs.run(['sh', '-c', script], { env })).stdout, `${input}|`);
  t.is((await programs.run(['cat'])).stdout, '');
  t.is((await programs.run(['pwd'], { directory: host.path('bin') })).stdout.trim(), host.path('bin'));
});

sshTest('exit codes are the program’s, also those that ssh itself ends with', async (t) => {
  t.timeout(120_000);
  const programs = (await PrivateHost.start(t)).programs();
  for (const code of [0, 1, 77, 127, 255]) {
    const result = await programs.run(['sh', '-c', `echo out; echo err >&2; exit ${code}`]);
    t.deepEqual(result, { code, signal: null, stdout: 'out\n', stderr: 'err\n' });
  }
  t.is((await programs.run(['sh', '-c', 'kill -KILL $$'])).code, 128 + 9);
  t.is((await programs.run(['no-such-program-here'])).code, 127);
  t.is((await programs.run(['pwd'], { directory: '/no/such/directory' })).code, 1);
});

sshTest('what a program prints is passed on while it runs, unless it is only asked something', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  const heard: string[] = [];
  const programs = host.programs({}, { output: (text) => void heard.push(text) });
  const running = programs.run([
    'sh',
    '-c',
    `echo early; while [ ! -e ${host.path('go')} ]; do sleep 0.05; done; echo late >&2`,
  ]);
  await eventually(() => heard.join('').includes('early'));
  t.false(heard.join('').includes('late'));
  host.write('go', '');
  await running;
  t.is(heard.join(''), 'early\nlate\n');
  await programs.run(['echo', 'quiet'], { quiet: true });
  t.is(heard.join(''), 'early\nlate\n');
});

sshTest('of what a program prints without end the last MiB is kept', async (t) => {
  t.timeout(120_000);
  const programs = (await PrivateHost.start(t)).programs();
  const { stdout, code } = await programs.run(['sh', '-c', 'yes 0123456789 | head -c 6000000; echo; echo end'], {
    quiet: true,
  });
  t.is(code, 0);
  t.is(stdout.length, 1024 * 1024);
  t.true(stdout.endsWith('\nend\n'));
});

sshTest('a host whose key is not the known one is refused, as is one that nobody knows', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  host.makeKey('other_key');
  host.write('wrong', `[127.0.0.1]:${host.port} ${host.read('other_key.pub')}`);
  const changed = await refusal(t, host.programs({ knownHosts: host.path('wrong') }));
  t.like(changed, { code: 'host-key', kind: 'terminal' });
  t.regex(
    changed.message,
    /The host key of compute-1 is not the one that known_hosts has: Host key verification failed/,
  );
  host.write('empty', '');
  t.is((await refusal(t, host.programs({ knownHosts: host.path('empty') }))).code, 'host-key');
});

sshTest('a login that the host does not take is refused with its words, for good', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  host.makeKey('other_key');
  const error = await refusal(t, host.programs({ privateKey: host.path('other_key') }));
  t.like(error, { code: 'login-refused', kind: 'terminal', inDoubt: false });
  t.regex(error.message, /compute-1 does not let \S+ in: .*Permission denied \(publickey\)/);
});

sshTest('a host that does not answer is unreachable, which may pass', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  await host.stop();
  const error = await refusal(t, host.programs());
  t.like(error, { code: 'unreachable', kind: 'transient', inDoubt: false });
  t.regex(error.message, /compute-1 cannot be reached: .*Connection refused/);
});

sshTest('a host that takes the connection and says nothing is unreachable as well', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as { port: number };
  t.like(await refusal(t, host.programs({ port, connectTimeout: 1 })), { code: 'unreachable', kind: 'transient' });
});

sshTest('a connection that is lost while the program runs leaves it in doubt', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  // The parent of the login's own shell is the connection's end on the host.
  const error = await refusal(t, host.programs(), ['sh', '-c', 'p=$PPID; kill -KILL $(ps -o ppid= -p $p); sleep 60']);
  t.like(error, { code: 'unreachable', kind: 'transient', inDoubt: true });
  t.is(error.message, 'The connection to compute-1 was lost while sh ran there.');
});

sshTest('a program that does not end in its time is ended, here and on the host', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  const script = `sleep 300 & echo $! > ${host.path('pid')}; wait`;
  const error = await t.throwsAsync(host.programs().run(['sh', '-c', script], { timeoutS: 3 }), {
    instanceOf: FenixError,
  });
  t.like(error, { code: 'time-out', kind: 'transient', inDoubt: true });
  const pid = Number(host.read('pid'));
  await eventually(() => !isRunning(pid));
  t.pass();
});

sshTest('what the engine has to let go of is ended on the host as well', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  const stopping = new AbortController();
  const programs = host.programs({}, { signal: stopping.signal });
  const running = programs.run([
    'sh',
    '-c',
    `trap '' TERM; echo $$ > ${host.path('pid')}; while :; do sleep 0.1; done`,
  ]);
  await eventually(() => existsSync(host.path('pid')) && host.read('pid').trim() !== '');
  stopping.abort();
  await t.throwsAsync(running, { instanceOf: Stopped });
  // It does not listen to SIGTERM: five seconds later it is not asked any more.
  await eventually(() => !isRunning(Number(host.read('pid'))));
  await t.throwsAsync(programs.run(['true']), { instanceOf: Stopped });
});

sshTest('what must not be broken off goes on without us, though nobody reads what it prints', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  const stopping = new AbortController();
  const script = `echo begun > ${host.path('begun')}; while [ ! -e ${host.path('go')} ]; do sleep 0.05; done
    i=0; while [ $i -lt 5000 ]; do echo "line $i of what nobody reads"; i=$((i+1)); done; echo end > ${host.path('ended')}`;
  const running = host.programs({}, { signal: stopping.signal }).run(['sh', '-c', script], { outlives: true });
  await eventually(() => existsSync(host.path('begun')));
  stopping.abort();
  await t.throwsAsync(running, { instanceOf: Stopped });
  host.write('go', '');
  await eventually(() => existsSync(host.path('ended')));
  const whole = await host.programs().run(['sh', '-c', 'echo out; echo err >&2; exit 3'], { outlives: true });
  t.deepEqual(whole, { code: 3, signal: null, stdout: 'out\nerr\n', stderr: '' });
});

sshTest('with sudo programs run as sudo has it, and what sudo refuses is told as that', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  host.program('sudo', `echo "$*" >> ${host.path('asked')}; while [ "$1" != -- ]; do shift; done; shift; exec "$@"`);
  const programs = host.programs({ sudo: true });
  const { stdout } = await programs.run(['printenv', 'WORD'], { env: { WORD: 'a b' } });
  t.is(stdout, 'a b\n');
  t.is(host.read('asked').split('\n')[0], '-n --preserve-env=WORD -- printenv WORD');
  host.program('sudo', 'echo "sudo: a password is required" >&2; exit 1');
  t.like(await refusal(t, programs), { code: 'sudo-refused', kind: 'terminal' });
});

sshTest('nothing of the engine’s environment reaches ssh or the host, and no argument is seen by ps', async (t) => {
  t.timeout(120_000);
  process.env.OS_SERVICE_USER__OS_PASSWORD = 'engine-secret';
  t.teardown(() => delete process.env.OS_SERVICE_USER__OS_PASSWORD);
  const host = await PrivateHost.start(t);
  const env = { TOKEN: 'run-secret' };
  const running = host
    .programs()
    .run(['sh', '-c', `env; echo; while [ ! -e ${host.path('go')} ]; do sleep 0.05; done`], { env });
  await eventually(() => ownChildren('ssh').some(({ environment }) => environment !== ''));
  for (const { environment, command } of ownChildren('ssh')) {
    const names = environment.split('\n').map((line) => line.replace(/=.*/, ''));
    t.deepEqual(names.sort(), ['HOME', 'LANG', 'PATH']);
    t.false(command.includes('run-secret'));
  }
  host.write('go', '');
  const { stdout } = await running;
  t.false(stdout.includes('engine-secret'));
  t.true(stdout.includes('TOKEN=run-secret'));
});

sshTest('an operator’s ssh_config leads to the host: another name, address, port and known key', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  host.write('known_as', `rack-7 ${host.read('host_key.pub')}`);
  host.write(
    'ssh_config',
    `Host compute-1.mgmt\n  HostName 127.0.0.1\n  Port ${host.port}\n  HostKeyAlias rack-7\n  RemoteCommand false\n  ForwardAgent yes\n`,
  );
  const settings = {
    sshConfig: host.path('ssh_config'),
    port: null,
    address: '{host}.mgmt',
    knownHosts: host.path('known_as'),
  };
  t.is((await host.programs(settings).run(['echo', 'here'])).stdout, 'here\n');
});

sshTest('a host name that ssh would take for an option never gets there', async (t) => {
  t.timeout(120_000);
  const host = await PrivateHost.start(t);
  const error = await refusal(t, host.programs({ address: `-oProxyCommand=touch ${host.path('harm')}` }));
  t.is(error.code, 'address');
  t.false(existsSync(host.path('harm')));
});
