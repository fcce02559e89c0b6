import { UsageError } from '../exit-codes.js';
import { type CloudEntry, findCloud, optionOf, type Surroundings } from './clouds-file.js';
import { CLOUD_OPTIONS, type CloudOption, type CloudOptions, variablesOf } from './options.js';

/** Beside a named cloud other variables belong to another one: mixing a project of here with a user of there helps nobody. */
const FILLING_IN: ReadonlySet<CloudOption> = new Set([
  'password',
  'token',
  'applicationCredentialSecret',
  'regionName',
  'interface',
  'cacert',
  'cert',
  'key',
  'endpoint',
]);

/**
 * How to authenticate, and where: the command line first, then the cloud that is named (`--os-cloud`, `OS_CLOUD`), of
 * the variables only what that leaves out; without a named cloud the variables, and where none says who to be, the
 * only cloud of clouds.yaml.
 * @throws UsageError
 */
export function resolveCloud(
  given: Partial<Record<CloudOption, string>>,
  name: string | undefined,
  from: Surroundings,
): CloudOptions {
  const chosen = name ?? (from.env.OS_CLOUD || undefined);
  const isSelf = given.authUrl !== undefined || variable(from, 'authUrl') !== '' || given.endpoint !== undefined;
  const cloud = chosen === undefined && isSelf ? undefined : findCloud(chosen, from);
  const values = CLOUD_OPTIONS.map((option): [CloudOption, string] => [
    option,
    given[option] ?? (cloud === undefined ? variable(from, option) : ofCloud(cloud, option, from)),
  ]);
  const options = Object.fromEntries(values) as Record<CloudOption, string>;
  return { ...options, authType: authTypeOf(options), interface: interfaceOf(options.interface) };
}

function ofCloud(cloud: CloudEntry, option: CloudOption, from: Surroundings): string {
  return optionOf(cloud, option) || (FILLING_IN.has(option) ? variable(from, option) : '');
}

function variable({ env }: Surroundings, option: CloudOption): string {
  return (
    variablesOf(option)
      .map((name) => env[name] ?? '')
      .find((value) => value !== '') ?? ''
  );
}

const AUTH_TYPES: Readonly<Record<string, string>> = {
  password: 'password',
  v3password: 'password',
  token: 'token',
  v3token: 'token',
  v3applicationcredential: 'v3applicationcredential',
};

function authTypeOf({ authType, token, password, applicationCredentialSecret }: CloudOptions): string {
  if (authType === '') {
    if (applicationCredentialSecret !== '') return 'v3applicationcredential';
    return token !== '' && password === '' ? 'token' : 'password';
  }
  const known = Object.hasOwn(AUTH_TYPES, authType) ? AUTH_TYPES[authType] : undefined;
  if (known !== undefined) return known;
  throw new UsageError(
    `OS_AUTH_TYPE (--os-auth-type) ${authType}: must be one of ${Object.keys(AUTH_TYPES).join(', ')}.`,
  );
}

/** `publicURL` is how it was called. */
function interfaceOf(text: string): string {
  const name = text.replace(/URL$/, '') || 'public';
  if (['public', 'internal', 'admin'].includes(name)) return name;
  throw new UsageError(`OS_INTERFACE (--os-interface) ${text}: must be one of public, internal, admin.`);
}
