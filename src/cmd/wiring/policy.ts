import { resolve } from 'node:path';
import type { DependencyContainer } from 'tsyringe';
import { DEFAULT_RULES } from '../../api/index.js';
import { MachineClock } from '../../common/clock.js';
import { Logger } from '../../common/logger.js';
import type { Config } from '../../config/index.js';
import { PolicyEnforcer, type PolicySettings } from '../../policy/index.js';
import { ConfigDirectoryToken, ConfigToken, once } from './core.js';

/** The file that a service need not have. */
const OPTIONAL_FILE = 'policy.yaml';

export function registerPolicy(container: DependencyContainer): void {
  once(container, PolicyEnforcer, (c) => {
    const directory = c.isRegistered(ConfigDirectoryToken, true) ? c.resolve(ConfigDirectoryToken) : undefined;
    const settings = policySettings(c.resolve(ConfigToken), directory);
    const clock = c.resolve<MachineClock>(MachineClock);
    return new PolicyEnforcer(DEFAULT_RULES, settings, clock, c.resolve<Logger>(Logger));
  });
}

/** @param directory that relative names start from; undefined where no files are read (demo) */
export function policySettings({ osloPolicy }: Config, directory: string | undefined): PolicySettings {
  const { policyFile, policyDirs, policyDefaultRule, enforceScope, enforceNewDefaults } = osloPolicy;
  const rules = { defaultRule: policyDefaultRule, enforceScope, enforceNewDefaults };
  if (directory === undefined) return rules;
  return {
    ...rules,
    file: resolve(directory, policyFile),
    directories: policyDirs.map((name) => resolve(directory, name)),
    fileRequired: policyFile !== OPTIONAL_FILE,
  };
}
