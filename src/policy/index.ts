export type { Credentials, Target } from './check.js';
export { PolicyEnforcer, type PolicySettings, type RuleDefault, type Scope } from './enforcer.js';
export { BadPolicyFile } from './file.js';
export { policySample, type SampleRule } from './sample.js';
