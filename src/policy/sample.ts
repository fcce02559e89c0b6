import type { RuleDefault } from './enforcer.js';

/** A rule with what it guards, for the sample. */
export interface SampleRule extends RuleDefault {
  readonly operations: readonly { readonly method: string; readonly path: string }[];
}

/** A policy file in which every rule stands as a comment, with what it guards and who passes. */
export function policySample(head: string, rules: readonly SampleRule[]): string {
  return [comment(head), ...rules.map(ruleText)].join('\n');
}

function ruleText({ name, check, newCheck, scopes, about, operations }: SampleRule): string {
  const lines = [
    about,
    ...operations.map(({ method, path }) => `${method}  ${path}`),
    ...(scopes === undefined ? [] : [`Intended scope(s): ${scopes.join(', ')}`]),
    ...(newCheck === undefined ? [] : [`With enforce_new_defaults: "${newCheck}"`]),
  ];
  return `${comment(lines.join('\n'))}#"${name}": "${check}"\n`;
}

function comment(text: string): string {
  return text.replaceAll(/^(.*)$/gm, (line) => `# ${line}`.trimEnd()).concat('\n');
}
