import type { RuleDefault } from '../../policy/index.js';
import { BASE } from './base.js';
import { CATALOG_RULES } from './catalog.js';
import { CONSTRAINT_RULES } from './constraints.js';
import { MAINTENANCE_RULES } from './maintenance.js';
import { PROJECT_RULES } from './project.js';

const RULES = [...BASE, ...MAINTENANCE_RULES, ...CATALOG_RULES, ...PROJECT_RULES, ...CONSTRAINT_RULES] as const;

/** What a policy file may change; rules of other names serve only those of the file itself. */
export const DEFAULT_RULES: readonly RuleDefault[] = RULES;

export type RuleName = (typeof RULES)[number]['name'];
