import { type Command, Option } from 'commander';
import type { AuthOptions } from '../../keystone-auth-middleware/index.js';

/** What else is to be known of a cloud, under the names of keystoneauth. */
export interface PlaceOptions {
  readonly regionName: string;
  readonly interface: string;
  readonly cacert: string;
  readonly cert: string;
  readonly key: string;
  readonly insecure: string;
  readonly endpoint: string;
}

/** Options that say how to authenticate and where; empty = not set. */
export type CloudOptions = AuthOptions & PlaceOptions;
export type CloudOption = keyof CloudOptions;

interface Described {
  readonly about: string;
  readonly value?: string;
  readonly flag?: string;
  /** Variables, the first that is set; default: as the flag. */
  readonly env?: readonly string[];
  /** Keys in clouds.yaml, the first that is set; default: as the flag, without `os`. */
  readonly keys?: readonly string[];
}

const named = (about: string, more: Omit<Described, 'about'> = {}): Described => ({ about, ...more });

const DESCRIBED: Readonly<Record<CloudOption, Described>> = {
  authType: named('password, token or v3applicationcredential; default: by what is given', { value: 'type' }),
  authUrl: named('address of Keystone', { value: 'url' }),
  username: named("the user's name", { keys: ['username', 'user_name'] }),
  userId: named("the user's id"),
  password: named("the user's password; better in a variable or file, since others see command lines"),
  userDomainName: named("domain of the user's name"),
  userDomainId: named('the same by id; default: default'),
  projectName: named('project to work in', {
    env: ['OS_PROJECT_NAME', 'OS_TENANT_NAME'],
    keys: ['project_name', 'tenant_name'],
  }),
  projectId: named('the same by id', {
    env: ['OS_PROJECT_ID', 'OS_TENANT_ID'],
    keys: ['project_id', 'tenant_id'],
  }),
  projectDomainName: named("domain of the project's name"),
  projectDomainId: named('the same by id; default: default'),
  systemScope: named('all: the whole system in place of a project', { value: 'all' }),
  token: named('a token that was got before'),
  applicationCredentialId: named('id of an application credential'),
  applicationCredentialName: named('its name, with its user'),
  applicationCredentialSecret: named('its secret'),
  regionName: named('region of the endpoint'),
  interface: named('public, internal or admin; default: public', { keys: ['interface', 'endpoint_type'] }),
  cacert: named('authorities to trust, PEM', { value: 'file' }),
  cert: named('certificate of this client, PEM', { value: 'file' }),
  key: named('its key, PEM', { value: 'file' }),
  insecure: named('check no certificates', { flag: '--insecure', env: ['OS_INSECURE'] }),
  endpoint: named("address of Fenix, ending in /v1, in place of the catalog's", {
    flag: '--endpoint',
    value: 'url',
    env: ['OS_MAINTENANCE_ENDPOINT_OVERRIDE'],
    keys: ['maintenance_endpoint_override'],
  }),
};

export const CLOUD_OPTIONS = Object.keys(DESCRIBED) as CloudOption[];

/** Those that stand beside `auth` in clouds.yaml; the others are in it. */
const BESIDE_AUTH: ReadonlySet<CloudOption> = new Set([
  'authType',
  'regionName',
  'interface',
  'cacert',
  'cert',
  'key',
  'insecure',
  'endpoint',
]);

const snake = (option: string): string => option.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** As the option is written on the command line. */
export function flagOf(option: CloudOption): string {
  return DESCRIBED[option].flag ?? `--os-${snake(option).replaceAll('_', '-')}`;
}

/** Variables that hold it, the first one wins. */
export function variablesOf(option: CloudOption): readonly string[] {
  return DESCRIBED[option].env ?? [`OS_${snake(option).toUpperCase()}`];
}

/** Where it may stand in a cloud of clouds.yaml. */
export function keysOf(option: CloudOption): { readonly isInAuth: boolean; readonly keys: readonly string[] } {
  return { isInAuth: !BESIDE_AUTH.has(option), keys: DESCRIBED[option].keys ?? [snake(option)] };
}

/** How an option can be given, for sentences. */
export function waysOf(option: CloudOption): string {
  return `${variablesOf(option)[0]} (or ${flagOf(option)}, or clouds.yaml)`;
}

/** The options on the command line, which go before variables and files. */
export function addCloudOptions(program: Command): void {
  program.addOption(new Option('--os-cloud <name>', 'cloud of clouds.yaml [OS_CLOUD]').helpGroup(GROUP));
  for (const option of CLOUD_OPTIONS) {
    const { about, value = 'value' } = DESCRIBED[option];
    const flags = option === 'insecure' ? flagOf(option) : `${flagOf(option)} <${value}>`;
    program.addOption(new Option(flags, `${about} [${variablesOf(option)[0]}]`).helpGroup(GROUP));
  }
}

const GROUP = 'Cloud and credentials (docs/cli.md):';

/** What the command line gives of them. */
export function givenOf(program: Command): Partial<Record<CloudOption, string>> {
  const values = program.opts<Record<string, string | boolean | undefined>>();
  const given: Partial<Record<CloudOption, string>> = {};
  for (const option of CLOUD_OPTIONS) {
    const value = values[commanderName(flagOf(option))];
    if (value !== undefined) given[option] = String(value);
  }
  return given;
}

function commanderName(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
