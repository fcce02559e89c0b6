import type { ProgramOptions, ProgramResult, Programs } from '../../../src/workflow/action-tools.js';
import type { ActionContext } from '../../../src/workflow/contract.js';
import { failureOf, insisting, wordsOf } from '../programs.js';
import { neededByDnf } from '../reboot-needed.js';
import { unlocked } from './lock.js';
import type { PackageManager, Plan } from './manager.js';
import type { PackageMetadata } from './metadata.js';

/** `exit_on_lock` makes dnf say it instead of waiting for ever. */
const LOCKED = /already locked by|failed to obtain .*lock|can't create .*lock|waiting for process with pid/i;
const FAILED_TO_FETCH = /failed to download metadata|cannot download|all mirrors were tried|curl error/i;
/** dnf(8), check-update: there are updates. */
const UPDATES = 100;

/** RHEL, its kin, and Fedora. Holds (versionlock, exclude) are dnf's own; changed configuration is rpm's (.rpmnew). */
export class Dnf implements PackageManager {
  private readonly programs: Programs;

  constructor(
    private readonly context: ActionContext,
    private readonly metadata: PackageMetadata,
  ) {
    this.programs = insisting(context, context.remote);
  }

  /** rpm leaves nothing that could be ended, and each program waits for the lock by itself. */
  async repair(): Promise<void> {}

  async refresh(): Promise<void> {
    const argv = ['dnf', '-q', '--setopt=exit_on_lock=True', 'makecache', '--refresh'];
    const result = await this.run(argv);
    if (result.code !== 0) throw failureOf(this.context.host, 'repository', argv, result);
  }

  async plan(): Promise<Plan> {
    const argv = ['dnf', '-q', '--setopt=exit_on_lock=True', 'check-update', ...this.selection()];
    const result = await this.run(argv, { quiet: true });
    if (result.code !== 0 && result.code !== UPDATES) {
      const code = FAILED_TO_FETCH.test(result.stderr) ? 'repository' : 'upgrade-impossible';
      throw failureOf(this.context.host, code, argv, result);
    }
    const [due = ''] = result.stdout.split(/^Obsoleting Packages/m);
    // Long lines are broken before a column.
    const rows = due.replaceAll(/\n[ \t]+/g, ' ').matchAll(/^(\S+)\.(\w+)[ \t]+(\S+)[ \t]+\S+[ \t]*$/gm);
    const wanted = [...rows].map(([, name = '', , to = '']) => ({ package: name, to }));
    const present = await this.versions(wanted.map((one) => one.package));
    return {
      changes: wanted.map(({ package: name, to }) => ({ package: name, from: present.get(name) ?? null, to })),
      held: [],
    };
  }

  async upgrade(_plan: Plan): Promise<void> {
    const argv = ['dnf', '-y', '--setopt=exit_on_lock=True', ...this.options(), 'upgrade', ...this.selection()];
    const result = await this.run(argv, { outlives: true });
    if (result.code !== 0) throw failureOf(this.context.host, 'upgrade-failed', argv, result);
  }

  async versions(packages: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (packages.length === 0) return new Map();
    const format = '%{NAME}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n';
    const { stdout } = await this.run(['rpm', '-q', `--qf=${format}`, '--', ...packages], { quiet: true });
    const rows = stdout.split('\n').map((line) => line.split('\t'));
    return new Map(rows.flatMap(([name = '', version]) => (version === undefined ? [] : [[name, version]])));
  }

  async broken(): Promise<string | undefined> {
    const result = await this.run(['dnf', '-C', '-q', 'check', '--dependencies', '--duplicates'], { quiet: true });
    return result.code === 0 ? undefined : `dnf check says no${wordsOf(result)}`;
  }

  rebootNeeded(): Promise<boolean> {
    return neededByDnf(this.programs, this.context.host);
  }

  private options(): string[] {
    return this.metadata.removals ? ['--allowerasing'] : [];
  }

  private selection(): string[] {
    const { security_only: securityOnly = false, packages = [] } = this.metadata;
    return [...(securityOnly ? ['--security'] : []), ...(packages.length > 0 ? ['--', ...packages] : [])];
  }

  private run(argv: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
    const { env = {}, lock_timeout: lockTimeout = 600 } = this.metadata;
    return unlocked(this.context, lockTimeout, LOCKED, () => this.programs.run(argv, { env, ...options }));
  }
}
