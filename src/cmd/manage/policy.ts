import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { DependencyContainer } from 'tsyringe';
import { credentialsOf, DEFAULT_RULES, sampleOfPolicy } from '../../api/index.js';
import { FenixError, messageOf } from '../../common/errors.js';
import { type Identity, identityFrom, TokenValidator } from '../../keystone-auth-middleware/index.js';
import { PolicyEnforcer } from '../../policy/index.js';
import { registerApi } from '../wiring/api.js';
import { registerPolicy } from '../wiring/policy.js';
import { say, withConfig } from './installation.js';
import { addSample } from './sample.js';

interface CheckArguments {
  readonly access?: string;
  readonly token?: true;
  readonly rule?: string;
  readonly target: Readonly<Record<string, string>>;
}

export function addPolicy(program: Command): void {
  const policy = program.command('policy').description('who may do what in the API');
  addSample(policy, 'write a policy file with every rule as a comment', sampleOfPolicy);
  policy
    .command('check')
    .description('read the policy as fenix-api does, and say which rules a token passes')
    .option('--access <file>', 'the token: what Keystone answered for it, as JSON (GET /v3/auth/tokens)')
    .option('--token', 'the token: its id, read from standard input, and validated by Keystone')
    .option('--rule <name>', 'only this rule')
    .option('--target <key=value>', "what is asked for, e.g. project_id=…; default: the token's own project", pair, {})
    .action((options: CheckArguments) => withConfig(program, (parts) => checkPolicy(parts, options)));
}

/** Exit code 1 if the one rule that was asked for does not pass. */
async function checkPolicy(parts: DependencyContainer, options: CheckArguments): Promise<void> {
  registerPolicy(parts);
  const policy = parts.resolve(PolicyEnforcer);
  const identity = await identityFor(parts, options);
  if (identity === undefined) return say('The policy is well-formed; name a token to see what it may do.');
  const { projectId } = identity;
  const target = { ...(projectId !== null && { project_id: projectId }), ...options.target };
  const credentials = credentialsOf(identity, policy);
  const names = options.rule === undefined ? DEFAULT_RULES.map(({ name }) => name) : [options.rule];
  for (const name of names) say(`${policy.allows(name, target, credentials) ? 'passed' : 'failed'}: ${name}`);
  if (options.rule !== undefined && !policy.allows(options.rule, target, credentials)) process.exitCode = 1;
}

async function identityFor(
  parts: DependencyContainer,
  { access, token }: CheckArguments,
): Promise<Identity | undefined> {
  if (access !== undefined) return identityIn(access);
  if (!token) return undefined;
  registerApi(parts);
  const identity = await parts.resolve(TokenValidator).validate(readFileSync(0, 'utf8').trim());
  if (identity === undefined) throw new FenixError('denied', 'token-invalid', 'The token is not valid.');
  return identity;
}

/** @throws FenixError `access-file` */
function identityIn(file: string): Identity {
  try {
    return identityFrom(JSON.parse(readFileSync(file, 'utf8')).token);
  } catch (cause) {
    const sentence = `${file} does not hold a token as Keystone answers it: ${messageOf(cause)}.`;
    throw new FenixError('input', 'access-file', sentence, { cause });
  }
}

function pair(text: string, earlier: Record<string, string>): Record<string, string> {
  const [key = '', value = ''] = text.split(/=(.*)/s, 2);
  return { ...earlier, [key]: value };
}
