import type { MachineClock } from '../common/clock.js';
import { messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { type Check, type Credentials, passes, referencesOf, type Target } from './check.js';
import { BadPolicyFile, type FileRule, fingerprintOf, policyFiles, readPolicyFile } from './file.js';
import { parseRule } from './parse.js';

export type Scope = 'system' | 'domain' | 'project';

/** A rule that holds unless a policy file has one of its name. */
export interface RuleDefault {
  readonly name: string;
  readonly check: string;
  /** What holds instead with `enforce_new_defaults`. */
  readonly newCheck?: string;
  /** Scopes of tokens that may pass with `enforce_scope`; absent = any. */
  readonly scopes?: readonly Scope[];
  readonly about: string;
}

export interface PolicySettings {
  /** Absent: nothing but the rules in code. */
  readonly file?: string;
  readonly directories?: readonly string[];
  /** Whether it is an error when `file` is not there. */
  readonly fileRequired?: boolean;
  /** Name of the rule that stands for all that are not there. */
  readonly defaultRule: string;
  readonly enforceScope: boolean;
  readonly enforceNewDefaults: boolean;
}

/** How often it is looked whether the files have changed. */
const LOOK_MS = 1000;

/** Says who may do what: rules in code, changed by policy files that are read again when they change. */
export class PolicyEnforcer {
  private rules: ReadonlyMap<string, Check> = new Map();
  private readonly defaults: ReadonlyMap<string, RuleDefault>;
  private fingerprint: string;
  private lookedAtMs: number;

  /** @throws BadPolicyFile */
  constructor(
    defaults: readonly RuleDefault[],
    private readonly settings: PolicySettings,
    private readonly clock: MachineClock,
    private readonly log: Logger,
  ) {
    this.defaults = new Map(defaults.map((rule) => [rule.name, rule]));
    const files = this.files();
    if (settings.fileRequired && settings.file !== undefined && !files.includes(settings.file)) {
      throw new BadPolicyFile([`Policy file ${settings.file} is not there.`]);
    }
    this.fingerprint = fingerprintOf(files);
    this.lookedAtMs = clock.monotonicMs();
    this.rules = this.read(files);
  }

  /** Names of all rules, those of files that nobody but other rules asks for included. */
  names(): string[] {
    return [...this.rules.keys()].sort();
  }

  /** An unknown rule is the default rule's matter, and without one passed by nobody. */
  allows(rule: string, target: Target, credentials: Credentials): boolean {
    this.look();
    const check = this.find(rule);
    if (check === undefined || !this.isInScope(rule, credentials)) return false;
    return passes(check, target, credentials, (name) => this.find(name));
  }

  private find(name: string): Check | undefined {
    return this.rules.get(name) ?? this.rules.get(this.settings.defaultRule);
  }

  private isInScope(rule: string, credentials: Credentials): boolean {
    const scopes = this.defaults.get(rule)?.scopes;
    return !this.settings.enforceScope || scopes === undefined || scopes.includes(scopeOf(credentials));
  }

  /** Reads the files again if they changed; what cannot be used is named once, and the rules stay as they were. */
  private look(): void {
    const now = this.clock.monotonicMs();
    if (now - this.lookedAtMs < LOOK_MS) return;
    this.lookedAtMs = now;
    const files = this.files();
    const fingerprint = fingerprintOf(files);
    if (fingerprint === this.fingerprint) return;
    this.fingerprint = fingerprint;
    try {
      this.rules = this.read(files);
      this.log.info({ files }, 'policy read again');
    } catch (error) {
      this.log.error({ error: messageOf(error) }, 'policy cannot be used, the rules stay as they were');
    }
  }

  private files(): string[] {
    const { file, directories = [] } = this.settings;
    return policyFiles(file, directories);
  }

  private read(files: readonly string[]): Map<string, Check> {
    const given = new Map(files.flatMap(readPolicyFile).map((rule) => [rule.name, rule]));
    const rules = new Map([...this.defaults.values()].map((rule) => [rule.name, parseRule(this.textOf(rule))]));
    for (const { name, check } of given.values()) rules.set(name, check);
    const complaints = cycles(rules, given);
    if (complaints.length > 0) throw new BadPolicyFile(complaints);
    this.warn(rules, given);
    return rules;
  }

  private textOf({ check, newCheck = check }: RuleDefault): string {
    return this.settings.enforceNewDefaults ? newCheck : check;
  }

  /** Names that are most likely misspelt: such a rule has no effect, or refers to one that nobody passes. */
  private warn(rules: ReadonlyMap<string, Check>, given: ReadonlyMap<string, FileRule>): void {
    const ours = new Set([...this.defaults.keys()].map((name) => name.split(':', 1)[0]));
    for (const { name, check, origin } of given.values()) {
      if (!this.defaults.has(name) && name.includes(':') && ours.has(name.split(':', 1)[0])) {
        this.log.warn({ rule: name, origin }, 'policy: there is no rule of this name');
      }
      for (const reference of referencesOf(check).filter((wanted) => !rules.has(wanted))) {
        this.log.warn({ rule: name, reference, origin }, 'policy: a rule refers to one that is not there');
      }
    }
  }
}

function scopeOf({ system_scope: system, domain_id: domain }: Credentials): Scope {
  if (system !== undefined && system !== null) return 'system';
  return domain === undefined || domain === null ? 'project' : 'domain';
}

/** A sentence for each rule of a file that leads back to itself. */
function cycles(rules: ReadonlyMap<string, Check>, given: ReadonlyMap<string, FileRule>): string[] {
  return [...given.values()]
    .filter(({ name }) => reaches(name, name, rules, new Set()))
    .map(({ name, origin }) => `${origin}: rule "${name}" refers to itself.`);
}

function reaches(from: string, to: string, rules: ReadonlyMap<string, Check>, seen: Set<string>): boolean {
  const check = rules.get(from);
  if (check === undefined || seen.has(from)) return false;
  seen.add(from);
  return referencesOf(check).some((name) => name === to || reaches(name, to, rules, seen));
}
