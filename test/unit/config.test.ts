import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FenixError } from '../../src/common/errors.js';
import { bindUrl, checkedPublicUrl, describe, loadConfig, parseDatabaseUrl, sample } from '../../src/config/index.js';
import { parseIni } from '../../src/config/ini.js';

const directories: string[] = [];
test.after.always(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

function aFile(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'fenix-config-'));
  directories.push(directory);
  const path = join(directory, 'fenix.conf');
  writeFileSync(path, text);
  return path;
}

/** The config of one file. */
function from(text: string, env: NodeJS.ProcessEnv = {}) {
  return loadConfig({ configFiles: [aFile(text)], env });
}

function refused(t: ExecutionContext, text: string, env: NodeJS.ProcessEnv = {}): string {
  return t.throws(() => from(text, env), { instanceOf: FenixError })?.message ?? '';
}

// Values and errors measured with oslo.config 9.0.0, unless the title says otherwise.
const READ: ReadonlyArray<readonly [title: string, text: string, value: string]> = [
  ['a value keeps ; and #', '[DEFAULT]\nhost = a ; b # c', 'a ; b # c'],
  ['quotes around the whole value go', '[DEFAULT]\nhost = "a b"', 'a b'],
  ['a quote on one side stays', "[DEFAULT]\nhost = 'a", "'a"],
  ['only the outer quotes go', '[DEFAULT]\nhost="a" "b"', 'a" "b'],
  ['a lone quote is empty', '[DEFAULT]\nhost = "', ''],
  ['a continued line is joined with a line feed', '[DEFAULT]\nhost =  a\n  b\n\tc', 'a\nb\nc'],
  ['a continuation may look like a comment', '[DEFAULT]\nhost = a\n ;x', 'a\n;x'],
  ['a quoted value over two lines keeps its quotes', '[DEFAULT]\nhost = "a\n  b"', '"a\nb"'],
  ['a colon assigns too, the first of both counts', '[DEFAULT]\nhost : a=b', 'a=b'],
  ['the last of repeated options wins', '[DEFAULT]\nhost=a\nhost=b', 'b'],
  ['lines may end in CRLF', '[DEFAULT]\r\nhost=a\r\n', 'a'],
  ['an assignment above all sections belongs to DEFAULT (ours)', 'host = a', 'a'],
  ['$$ is a dollar sign', `[DEFAULT]\nhost=u:p$$w@h $$\{host}`, `u:p$w@h $\{host}`],
  ['backslash and dollar too', '[DEFAULT]\nhost=\\$port a$ $1 100$ ${nope', '$port a$ $1 100$ ${nope'],
  ['$$$$ is two', '[DEFAULT]\nhost=$$$$', '$$'],
  ['$option is replaced, with and without braces', `[DEFAULT]\nhost=$port-x $\{port}0`, '12347-x 123470'],
  ['$group.option as well', '[DEFAULT]\nhost=$engine.rpc_topic\n[engine]\nrpc_topic=t', 't'],
  ['references are followed', '[DEFAULT]\nhost=$control_exchange\ncontrol_exchange=$max_sessions', '0'],
];
for (const [title, text, value] of READ) {
  test(`INI: ${title}`, (t) => t.is(from(text).config.default.host, value));
}

const REFUSED: ReadonlyArray<readonly [title: string, text: string, message: RegExp]> = [
  ['a continuation below a comment', '[DEFAULT]\nhost = a\n# x\n  d', /line 4: a line that begins with a blank/],
  ['a continuation below a blank line', '[DEFAULT]\nhost = a\n\n  b', /line 4: a line that begins with a blank/],
  ['a section without closing bracket', '[DEFAULT\nhost=a', /line 1: a section is written \[name\]/],
  ['text behind a section', '[DEFAULT] # c', /line 1: a section is written \[name\]/],
  ['an empty section name', '[]', /line 1: a section is written \[name\]/],
  ['neither section nor assignment', '[DEFAULT]\nhost', /line 2: neither a section/],
  ['an empty option', '[DEFAULT]\n= a', /line 2: an assignment needs an option/],
  ['a reference to nothing', '[DEFAULT]\nhost=$nope', /option host in section \[DEFAULT\] refers to \$nope/],
  ['a name with a dot at its end', '[DEFAULT]\nhost=$port.', /refers to \$port\./],
  ['a reference to itself', '[DEFAULT]\nhost=$host', /refers to \$host/],
  ['a circle', '[DEFAULT]\nhost=$control_exchange\ncontrol_exchange=$host', /leads back to itself/],
];
for (const [title, text, message] of REFUSED) {
  test(`INI: refused with its place: ${title}`, (t) => t.regex(refused(t, text), message));
}

test('a bare reference means the own section first, then DEFAULT', (t) => {
  const { config } = from('[DEFAULT]\nhost=outer\nport=7\n[engine]\nhost=inner\nrpc_topic=$host-$port');
  t.is(config.engine.rpcTopic, 'inner-7');
});

test('types are read as oslo.config reads them', (t) => {
  const { config } = from(
    '[DEFAULT]\ndebug=YES\nport= 7 \nplugin_path= a, b,,c\ndownload_allowed_hosts=\nmax_sessions=\n' +
      '[oslo_messaging_rabbit]\nssl=0\n[engine]\nlease_time=2.5',
  );
  t.true(config.default.debug);
  t.is(config.default.port, 7);
  t.deepEqual(config.default.pluginPath, ['a', 'b', '', 'c']);
  t.deepEqual(config.default.downloadAllowedHosts, []);
  t.is(config.default.maxSessions, 0, 'an empty number is not set');
  t.false(config.osloMessagingRabbit.ssl);
  t.is(config.engine.leaseTime, 2.5);
});

test('a repeatable option adds up over lines and files, and is not split at commas', (t) => {
  const one = aFile('[oslo_messaging_notifications]\ndriver=messaging\ndriver=noop\n');
  const two = aFile('[oslo_messaging_notifications]\ndriver=messagingv2\n');
  const { config } = loadConfig({ configFiles: [one, two] });
  t.deepEqual(config.osloMessagingNotifications.driver, ['messaging', 'noop', 'messagingv2']);
  t.regex(refused(t, '[oslo_messaging_notifications]\ndriver=messaging,noop'), /must be among messaging, messagingv2/);
});

test('the command line wins over the environment, that over later files, those over earlier ones and defaults', (t) => {
  const configFiles = ['1', '2'].map((n) => aFile(`[DEFAULT]\nhost=file${n}\nport=${n}\nmax_sessions=${n}`));
  const { config } = loadConfig({
    configFiles,
    env: { OS_DEFAULT__HOST: 'env', OS_DEFAULT__PORT: '8', OS_ENGINE__RPC_TOPIC: '"t"' },
    commandLine: { DEFAULT: { host: 'command' } },
    defaults: { DEFAULT: { max_sessions: 9, notify_retries: 9 } },
  });
  t.is(config.default.host, 'command');
  t.is(config.default.port, 8);
  t.is(config.default.maxSessions, 2);
  t.is(config.default.notifyRetries, 9);
  t.is(config.engine.rpcTopic, '"t"', 'quotes in the environment stay');
});

test('the environment of older releases gives defaults of the workflow user', (t) => {
  const env = { OS_USERNAME: 'u', OS_PASSWORD: 'p', OS_PROJECT_NAME: 'r' };
  const { config } = from('[DEFAULT]\nworkflow_user=file', env);
  t.is(config.default.workflowUser, 'file');
  t.is(config.default.workflowPassword, 'p');
  t.is(config.default.workflowProject, 'r');
});

test('unknown sections and options are named, retired ones accepted, and nothing of it is fatal', (t) => {
  const text = '[foo]\na=1\n[Database]\nbackend=x\nconection=y\n[default]\nhost=z\n[DEFAULT]\ndb_driver=x\n__proto__=1';
  const { warnings, config } = from(text, { OS_ENGINE__TOPIC: 't', OS_NOVA_X__Y: 'other service' });
  const places = warnings.map((warning) => warning.replace(/^.*?\.conf, /, ''));
  t.deepEqual(places, [
    'line 2: there is no section [foo].',
    'line 5: there is no option conection in section [database].',
    'line 7: there is no section [default].',
    'line 10: there is no option __proto__ in section [DEFAULT].',
    'environment variable OS_ENGINE__TOPIC: there is no option topic in section [engine].',
  ]);
  t.is(config.default.host, '127.0.0.1');
});

test('every bad option is named at once with source, section and what is allowed', (t) => {
  const message = refused(
    t,
    '[DEFAULT]\nport=0x10\ndebug=maybe\nlog_level=loud\n[workflow]\nfailure_budget=-1\n[engine]\nclock_origin=noon',
    { OS_ENGINE__LEASE_TIME: '0' },
  );
  const lines = message.split('\n').map((line) => line.replace(/^.*?\.conf, /, ''));
  t.deepEqual(lines.sort(), [
    'environment variable OS_ENGINE__LEASE_TIME: option lease_time in section [engine] must be a number from 0.1, not "0".',
    'line 2: option port in section [DEFAULT] must be a whole number from 0 up to 65535, not "0x10".',
    'line 3: option debug in section [DEFAULT] must be true or false (or yes, on, 1; no, off, 0), not "maybe".',
    'line 4: option log_level in section [DEFAULT] must be one of debug, info, warning, error, not "loud".',
    'line 6: option failure_budget in section [workflow] must be a whole number from 0, not "-1".',
    'line 8: option clock_origin in section [engine] must be an instant (ISO 8601), not "noon".',
  ]);
});

test('a heartbeat that is not shorter than the lease is refused', (t) => {
  t.regex(
    refused(t, '[engine]\nlease_time=1\nheartbeat_interval=1'),
    /heartbeat_interval in section \[engine\] must be/,
  );
});

test('a missing file is named', (t) => {
  const error = t.throws(() => loadConfig({ configFiles: ['/nonexistent/fenix.conf'] }), { instanceOf: FenixError });
  t.regex(error?.message ?? '', /^Configuration file \/nonexistent\/fenix\.conf: ENOENT/);
});

test('no secret is ever shown, in errors or descriptions', (t) => {
  const text =
    '[DEFAULT]\ntransport_url=rabbit://u:hush1@h1,u:hush2@h2:5672/v?x=hush3\nworkflow_password=hush4\n' +
    '[database]\nconnection=mysql+pymysql://u:hu/sh5@h/fenix?password=hush6\n[service_user]\nos_password=hush7\n' +
    '[keystone_authtoken]\npassword=hush8\n[oslo_messaging_notifications]\ntransport_url=rabbit://u:hush9@h/';
  const { config } = from(text);
  const shown = describe(config);
  t.notRegex(JSON.stringify(shown), /hush\d|sh5/);
  t.is(shown['DEFAULT.transport_url'], 'rabbit://****@h2:5672/v');
  t.is(shown['DEFAULT.workflow_password'], '****');
  t.is(shown['engine.rpc_topic'], 'fenix.engine');
  t.notRegex(refused(t, '[database]\nconnection=mysql://u:p$hush@h/fenix'), /hush/);
  const error = t.throws(() => parseDatabaseUrl('postgresql://u:hush@h/fenix'), { instanceOf: FenixError });
  t.notRegex(error?.message ?? '', /hush/);
});

test('the public URL has at most 104 characters and ends in /v1', (t) => {
  const url = (length: number): string => `https://${'h'.repeat(length - 'https:///v1'.length)}/v1`;
  t.is(from(`[DEFAULT]\npublic_url=${url(104)}`).config.default.publicUrl, url(104));
  t.regex(refused(t, `[DEFAULT]\npublic_url=${url(105)}`), /at most 104 characters/);
  for (const bad of ['http://h', 'http://h/v1/', 'ftp://h/v1', 'h/v1', 'http://h/?x=/v1']) {
    t.regex(refused(t, `[DEFAULT]\npublic_url=${bad}`), /an http or https URL that ends in \/v1/);
  }
  t.is(checkedPublicUrl('http://[2001:db8::1]:12347/v1/'), 'http://[2001:db8::1]:12347/v1');
  t.throws(() => checkedPublicUrl('http://h/v2'), { message: /must be an http or https URL/ });
  t.is(bindUrl({ host: '::1', port: 12347 }), 'http://[::1]:12347/v1');
});

test('database URLs are understood as SQLAlchemy writes them', (t) => {
  const mysql = { host: 'h', port: 3306, user: 'user', password: 'p@ss', database: 'fenix' };
  for (const scheme of ['mysql+pymysql', 'mysql', 'mariadb+mariadbconnector']) {
    for (const end of ['h:3306/fenix?charset=utf8', 'h/fenix']) {
      t.deepEqual(parseDatabaseUrl(`${scheme}://user:p%40ss@${end}`), { kind: 'mysql', mysql });
    }
  }
  t.deepEqual(parseDatabaseUrl('mysql://user:p%40ss@[::1]:3307/fenix?unix_socket=/run/m.sock&ssl_ca=/etc/ca.pem'), {
    kind: 'mysql',
    mysql: { ...mysql, host: '::1', port: 3307, socketPath: '/run/m.sock', tls: { caFile: '/etc/ca.pem' } },
  });
  for (const url of ['sqlite:///var/f.db', 'sqlite:////var/f.db', 'sqlite:///var/f.db?timeout=5']) {
    t.deepEqual(parseDatabaseUrl(url), { kind: 'sqlite', filename: '/var/f.db' });
  }
  for (const url of ['sqlite://', 'sqlite:///:memory:']) {
    t.deepEqual(parseDatabaseUrl(url), { kind: 'sqlite', filename: ':memory:' });
  }
  for (const bad of ['', 'mysql://h', 'mysql://u:p%@h/f', 'sqlite://f.db', 'postgresql://h/f', 'mysql:h/f']) {
    t.throws(() => parseDatabaseUrl(bad), { message: /Option connection in section \[database\]/ }, bad);
  }
});

test('the sample in the repository is the one that the code makes, and reads back as the defaults', (t) => {
  const path = new URL('../../../etc/fenix/fenix.conf.sample', import.meta.url);
  t.is(readFileSync(path, 'utf8'), sample(), 'run "npm run sample"');
  const uncommented = sample().replace(/^#(\w+ =.*)$/gm, '$1');
  t.true(parseIni(uncommented, 'sample').length > 80);
  const host = loadConfig().config.engine.host;
  const read = loadConfig({ configFiles: [aFile(uncommented)], env: { OS_ENGINE__HOST: host } });
  t.deepEqual(read, loadConfig());
});
