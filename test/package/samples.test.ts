import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { loadConfig } from '../../src/config/index.js';
import { aDirectory } from '../support/program.js';
import { ROOT } from '../support/source.js';

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/** @returns what it says on standard output @throws Error with all that it said, if it does not end well */
function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { cwd: ROOT, encoding: 'utf8', env: { ...process.env, PATH }, stdio: 'pipe' });
}

function shipped(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

test('shellcheck and bashate find nothing in the scripts', (t) => {
  const scripts = run('git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.sh', 'devstack/settings')
    .trim()
    .split('\n');
  t.true(scripts.length > 3);
  t.is(run('shellcheck', '-x', ...scripts), '');
  t.is(run('bashate', '-v', ...scripts).replaceAll(/^(Running|Found).*\n/gm, ''), '');
});

test('units stop later than the service does, are told of, and open little', (t) => {
  const { gracefulShutdownTimeout } = loadConfig({}).config.default;
  const common = shipped('etc/systemd/fenix-.service.d/common.conf');
  for (const name of ['fenix-api', 'fenix-engine']) {
    const unit = `etc/systemd/${name}.service`;
    const lines = `${shipped(unit)}${common}`.matchAll(/^(\w+)=(.*)$/gm);
    const options = new Map([...lines].map(([, key = '', value = '']) => [key, value]));
    t.true(Number(options.get('TimeoutStopSec')) > gracefulShutdownTimeout);
    t.is(options.get('Type'), 'notify');
    t.is(options.get('User'), 'fenix');
    // Tenths; systemd calls up to 2 "OK".
    run('systemd-analyze', 'security', '--offline=true', '--threshold=20', unit);
  }
});

test('sysusers and tmpfiles make a user and directories that only it may read', (t) => {
  const root = aDirectory(t);
  mkdirSync(join(root, 'etc/fenix'), { recursive: true });
  writeFileSync(join(root, 'etc/fenix/fenix.conf'), '', { mode: 0o644 });
  run('systemd-sysusers', `--root=${root}`, join(ROOT, 'etc/sysusers.d/fenix.conf'));
  t.regex(readFileSync(join(root, 'etc/passwd'), 'utf8'), /^fenix:.*:\/var\/lib\/fenix:\/usr\/sbin\/nologin$/m);
  run('systemd-tmpfiles', '--create', `--root=${root}`, join(ROOT, 'etc/tmpfiles.d/fenix.conf'));
  const mode = (path: string) => (statSync(join(root, path)).mode & 0o777).toString(8);
  t.deepEqual(['etc/fenix', 'etc/fenix/fenix.conf', 'var/lib/fenix', 'var/log/fenix'].map(mode), [
    ...['750', '640', '700', '750'],
  ]);
});

test('HAProxy and logrotate take their samples', (t) => {
  const directory = aDirectory(t);
  const pem = join(directory, 'fenix.pem');
  writeFileSync(pem, shipped('test/fixtures/tls/server.pem') + shipped('test/fixtures/tls/server.key'));
  const sample = shipped('etc/haproxy/fenix.cfg');
  const file = join(directory, 'haproxy.cfg');
  const common = 'global\n    log stderr local0\ndefaults\n    log global\n';
  writeFileSync(file, common + sample.replace(/crt \S+/, `crt ${pem}`));
  t.notThrows(() => run('haproxy', '-c', '-dW', '-f', file));
  // Those who follow events hear something more often than the proxy gives up; it closes idle connections first.
  const { eventHeartbeat, clientSocketTimeout } = loadConfig({}).config.api;
  const [, server] = /timeout server (\d+)s/.exec(sample) ?? [];
  t.true(Number(server) > eventHeartbeat);
  t.true(Number(server) <= clientSocketTimeout);
  const rotated = join(directory, 'logrotate');
  // The user has to be there.
  const user = `su ${run('id', '-un').trim()} ${run('id', '-gn').trim()}`;
  writeFileSync(rotated, shipped('etc/logrotate.d/fenix').replace('su fenix fenix', user));
  t.notThrows(() => run('logrotate', '--debug', '--state', join(directory, 'state'), rotated));
});

test('the Containerfile is well-formed, pins its base, runs as a user, and copies what there is', (t) => {
  const text = shipped('Containerfile');
  t.deepEqual(
    validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`),
    [],
  );
  const file = DockerfileParser.parse(text);
  const stages = file.getFROMs();
  t.true(stages.length > 1);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is written there
  t.true(stages.every((stage) => stage.getImage() === '${NODE_IMAGE}'));
  const [base] = file.getARGs().map((arg) => arg.getProperty());
  t.regex(base?.getValue() ?? '', /^node:\d+\.\d+\.\d+-/);
  const instructions = file.getInstructions();
  const last = instructions.filter((one) => one.getKeyword() === 'USER').at(-1);
  t.is(last?.getArgumentsContent(), 'fenix');
  t.is(instructions.filter((one) => one.getKeyword() === 'ADD').length, 0);
  for (const one of instructions.filter((each) => ['CMD', 'ENTRYPOINT'].includes(each.getKeyword())))
    t.regex(one.getArgumentsContent() ?? '', /^\[.*\]$/, 'signals reach the process itself');
  const installs = instructions.filter((one) => /apt-get install/.test(one.getArgumentsContent() ?? ''));
  for (const one of installs)
    t.regex(one.getArgumentsContent() ?? '', /--no-install-recommends.*rm -rf \/var\/lib\/apt/s);
  const ignored = shipped('.containerignore').trim().split('\n');
  t.true(['.git', 'node_modules', 'dist'].every((name) => ignored.includes(name)));
  t.true(existsSync(join(ROOT, 'package-lock.json')), 'npm ci needs it');
});
