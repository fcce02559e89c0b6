import { policySample } from '../../policy/index.js';
import { OPERATIONS } from '../operations/index.js';
import { DEFAULT_RULES } from './index.js';

const HEAD = `Policy of fenix-api, in the language of oslo.policy.
Made from the code by "npm run sample"; every rule below is the default. What is
not in the file is as here, so keep only what you change.`;

/** The text of etc/fenix/policy.yaml.sample. */
export function sampleOfPolicy(): string {
  const operations = Object.values(OPERATIONS).map((operation) => ({ ...operation, path: `/v1${operation.path}` }));
  return policySample(
    HEAD,
    DEFAULT_RULES.map((rule) => ({ ...rule, operations: operations.filter((each) => each.rule === rule.name) })),
  );
}
