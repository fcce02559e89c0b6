import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SystemMachineClock } from '../../src/common/clock.js';
import type { Config } from '../../src/config/index.js';
import { SshHosts } from '../../src/remote/ssh.js';
import type { Programs } from '../../src/workflow/action-tools.js';

/** The sshd that `npm test` found or installed; what needs it is skipped without. */
const sshd = process.env.FENIX_TEST_SSHD;

/** Stories on a private sshd, one after the other. */
export const sshTest = sshd === undefined ? test.skip : test.serial;

export const isRoot = process.getuid?.() === 0;

/**
 * A "host" of a test's own: an sshd on a free port of 127.0.0.1 with keys, configuration and programs in a temporary
 * folder. Its "boot" is the content of a file.
 */
export class PrivateHost {
  /** What it printed of late. */
  log = '';
  /** Whether it is started again when something on it ended it, as a machine that reboots. */
  comesBack = true;
  /** Called before it is started again. */
  beforeBack: () => void = () => undefined;
  private child: ChildProcess | undefined;
  private isOver = false;

  private constructor(
    readonly home: string,
    readonly port: number,
  ) {}

  static async start(t: ExecutionContext): Promise<PrivateHost> {
    const home = mkdtempSync(join(tmpdir(), 'fenix-host-'));
    const host = new PrivateHost(home, await freePort());
    t.teardown(async () => {
      host.isOver = true;
      await host.stop();
      rmSync(home, { recursive: true, force: true });
    });
    // sshd wants it, and Debian makes it only for the system's own.
    if (isRoot) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    mkdirSync(host.path('bin'));
    host.makeKey('host_key');
    host.makeKey('login_key');
    writeFileSync(host.path('authorized_keys'), readFileSync(host.path('login_key.pub')));
    host.write('known_hosts', `[127.0.0.1]:${host.port} ${readFileSync(host.path('host_key.pub'), 'utf8')}`);
    host.write('boot_id', 'boot-1\n');
    host.write('sshd_config', host.configuration());
    await host.up();
    return host;
  }

  path(name: string): string {
    return join(this.home, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text, { mode: 0o600 });
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  remove(name: string): void {
    rmSync(this.path(name));
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** A program that the host's PATH finds first. */
  program(name: string, script: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(this.path(`bin/${name}`), 0o755);
  }

  makeKey(name: string): void {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', 'fenix-test', '-f', this.path(name)];
    const { status, stderr } = spawnSync('ssh-keygen', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
  }

  /** As the configuration of an engine would have it. */
  settings(given: Partial<Config['remote']> = {}): Config['remote'] {
    return {
      user: userInfo().username,
      port: this.port,
      privateKey: this.path('login_key'),
      knownHosts: this.path('known_hosts'),
      sshConfig: '/dev/null',
      address: '127.0.0.1',
      sudo: false,
      connectTimeout: 20,
      keepAliveInterval: 15,
      ...given,
    };
  }

  programs(
    given: Partial<Config['remote']> = {},
    { signal = new AbortController().signal, output = (_text: string): void => undefined } = {},
  ): Programs {
    return new SshHosts(this.settings(given), new SystemMachineClock(), async () => '127.0.0.1').on(
      'compute-1',
      signal,
      output,
    );
  }

  async up(): Promise<void> {
    const child = spawn(sshd ?? '', ['-D', '-e', '-f', this.path('sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH },
    });
    this.child = child;
    const listening = new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
        if (/Server listening/.test(text)) resolve();
      });
      child.once('close', () => reject(new Error(`sshd ended: ${this.log}`)));
      child.once('error', reject);
    });
    child.once('exit', () => {
      if (this.isOver || this.child !== child || !this.comesBack) return;
      this.beforeBack();
      this.up().catch(() => undefined);
    });
    await listening;
  }

  /** Down for good; connections that are there stay. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  private configuration(): string {
    return [
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${this.path('host_key')}`,
      `AuthorizedKeysFile ${this.path('authorized_keys')}`,
      `PidFile ${this.path('sshd.pid')}`,
      `SetEnv PATH=${this.path('bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      '',
    ].join('\n');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
