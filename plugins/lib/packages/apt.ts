import { plusSeconds } from '../../../src/common/clock.js';
import type { ProgramOptions, ProgramResult, Programs } from '../../../src/workflow/action-tools.js';
import type { ActionContext } from '../../../src/workflow/contract.js';
import { failureOf, insisting, wordsOf } from '../programs.js';
import { neededByApt, REBOOT_REQUIRED } from '../reboot-needed.js';
import { unlocked } from './lock.js';
import type { Change, PackageManager, Plan } from './manager.js';
import type { PackageMetadata } from './metadata.js';

/** As apt and dpkg say it in English; LANG is ours. */
const LOCKED = /locked by another process|could not get lock|unable to (acquire|lock)/i;
const INTERRUPTED = /dpkg was interrupted/i;
/** Waits between tries to reach the repositories, domain seconds. */
const REFRESH_WAITS_S = [15, 60];
/** `Inst name [old] (new origin:version/suite [architecture])`, apt-get(8) -s. */
const INSTALLS = /^Inst (\S+)(?: \[([^\]]+)\])? \((\S+) ([^)]*?)(?: \[\w+\])?\)/;

/** Debian and Ubuntu. */
export class Apt implements PackageManager {
  private readonly programs: Programs;
  private readonly env: Readonly<Record<string, string>>;

  constructor(
    private readonly context: ActionContext,
    private readonly metadata: PackageMetadata,
  ) {
    this.programs = insisting(context, context.remote);
    const keepsOwn = metadata.config_files !== 'replace';
    this.env = {
      DEBIAN_FRONTEND: 'noninteractive',
      // Programs that Debian's packages ask through: what to do with changed files, and with services.
      [keepsOwn ? 'UCF_FORCE_CONFFOLD' : 'UCF_FORCE_CONFFNEW']: '1',
      NEEDRESTART_SUSPEND: '1',
      APT_LISTCHANGES_FRONTEND: 'none',
      ...metadata.env,
    };
  }

  async repair(): Promise<void> {
    const argv = ['dpkg', ...this.configFiles(), '--configure', '-a'];
    const result = await this.unlocked(argv, { outlives: true });
    if (result.code !== 0) throw failureOf(this.context.host, 'package-broken', argv, result);
  }

  async refresh(): Promise<void> {
    const argv = ['apt-get', '-q', '-o', 'APT::Update::Error-Mode=any', 'update'];
    const { clock, signal, host, log } = this.context;
    for (const waitS of [...REFRESH_WAITS_S, undefined]) {
      const result = await this.unlocked(argv);
      if (result.code === 0) return;
      if (waitS === undefined) throw failureOf(host, 'repository', argv, result);
      log.warn({ reason: wordsOf(result) }, 'repositories do not answer, trying again soon');
      await clock.sleep(plusSeconds(clock.now(), waitS), signal);
    }
  }

  async plan(): Promise<Plan> {
    const { packages, security_only: securityOnly = false } = this.metadata;
    const held = await this.held();
    const chosen = packages?.filter((name) => !held.includes(name));
    const due = await this.simulated(chosen);
    const isWanted = ({ origin }: Due) => !securityOnly || /security/i.test(origin);
    const wanted = due.filter(isWanted);
    // Each of them may bring others that come from elsewhere.
    const changes = wanted.length === due.length ? due : await this.simulated(wanted.map((one) => one.package));
    return {
      changes: changes.map(({ package: name, from, to }) => ({ package: name, from, to })),
      held: packages === undefined ? held : packages.filter((name) => held.includes(name)),
    };
  }

  async upgrade({ changes }: Plan): Promise<void> {
    const { security_only: securityOnly = false, packages } = this.metadata;
    const names = changes.map((change) => change.package);
    const argv = this.aptGet(securityOnly || packages !== undefined ? names : undefined);
    const run = () => this.unlocked(argv, { outlives: true });
    let result = await run();
    if (result.code !== 0 && INTERRUPTED.test(result.stdout + result.stderr)) {
      await this.repair();
      result = await run();
    }
    if (result.code !== 0) throw failureOf(this.context.host, 'upgrade-failed', argv, result);
  }

  async versions(packages: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (packages.length === 0) return new Map();
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query replaces them
    const format = '${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\n';
    const { stdout } = await this.asked(['dpkg-query', '-W', `-f=${format}`, '--', ...packages]);
    const rows = stdout.split('\n').map((line) => line.split('\t'));
    // apt names what is of another architecture with it.
    return new Map(
      rows.flatMap(([state, name = '', version = '', architecture]) => {
        const names = state === 'installed' ? [name, `${name}:${architecture}`] : [];
        return names.map((one): [string, string] => [one, version]);
      }),
    );
  }

  async broken(): Promise<string | undefined> {
    const audit = await this.asked(['dpkg', '--audit']);
    if (audit.stdout.trim() !== '')
      return `dpkg --audit says: ${audit.stdout.trim().replaceAll(/\s+/g, ' ').slice(0, 300)}`;
    const check = await unlocked(this.context, this.lockTimeout(), LOCKED, () =>
      this.asked(['apt-get', '-q', 'check']),
    );
    return check.code === 0 ? undefined : `apt-get check says no${wordsOf(check)}`;
  }

  rebootNeeded(): Promise<boolean> {
    return neededByApt(this.programs, this.metadata.reboot_required_path ?? REBOOT_REQUIRED);
  }

  private async held(): Promise<string[]> {
    const { stdout } = await this.asked(['apt-mark', 'showhold']);
    return stdout.split('\n').filter((name) => name !== '');
  }

  /** What apt would do, `packages` chosen or all. */
  private async simulated(packages: readonly string[] | undefined): Promise<Due[]> {
    if (packages?.length === 0) return [];
    const argv = this.aptGet(packages, ['-s']);
    const result = await unlocked(this.context, this.lockTimeout(), LOCKED, () => this.asked(argv));
    if (result.code !== 0) throw failureOf(this.context.host, 'upgrade-impossible', argv, result);
    return result.stdout.split('\n').flatMap((line) => {
      const [, name, from, to, origin = ''] = INSTALLS.exec(line) ?? [];
      return name === undefined || to === undefined ? [] : [{ package: name, from: from ?? null, to, origin }];
    });
  }

  private aptGet(packages: readonly string[] | undefined, more: readonly string[] = []): string[] {
    const { removals = false } = this.metadata;
    const all = removals ? ['dist-upgrade'] : ['upgrade', '--with-new-pkgs'];
    return [
      'apt-get',
      '-y',
      '-q',
      ...more,
      ...this.configFiles().flatMap((option) => ['-o', `Dpkg::Options::=${option}`]),
      '-o',
      `DPkg::Lock::Timeout=${Math.ceil(this.lockTimeout())}`,
      ...(removals ? [] : ['--no-remove']),
      ...(packages === undefined ? all : ['install', '--only-upgrade', '--', ...packages]),
    ];
  }

  private configFiles(): string[] {
    // confdef would keep what was changed.
    return this.metadata.config_files === 'replace' ? ['--force-confnew'] : ['--force-confdef', '--force-confold'];
  }

  private lockTimeout(): number {
    return this.metadata.lock_timeout ?? 600;
  }

  private unlocked(argv: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
    const run = () => this.programs.run(argv, { env: this.env, ...options });
    return unlocked(this.context, this.lockTimeout(), LOCKED, run);
  }

  private asked(argv: readonly string[]): Promise<ProgramResult> {
    return this.programs.run(argv, { env: this.env, quiet: true });
  }
}

interface Due extends Change {
  readonly origin: string;
}
