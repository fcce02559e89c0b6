import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { messageOf } from '../../common/errors.js';
import { isObject } from '../../common/is-object.js';
import { UsageError } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { CLOUD_OPTIONS, type CloudOption, keysOf } from './options.js';

/** A cloud as clouds.yaml has it; all scalars are text. */
export type CloudEntry = Readonly<Record<string, unknown>>;

/** What is asked of the process. */
export type Surroundings = Pick<CliIo, 'env' | 'cwd' | 'home'>;

const ENDINGS = ['yaml', 'yml', 'json'];

/**
 * The named cloud of the first clouds.yaml that is there, with secure.yaml over it and its profile of
 * clouds-public.yaml below it, as openstacksdk reads them; without a name the only one that the file has.
 * Undefined when none is named and there is no choice to make.
 * @throws UsageError naming file and cloud
 */
export function findCloud(name: string | undefined, from: Surroundings): CloudEntry | undefined {
  const file = fileOf('clouds', from, 'OS_CLIENT_CONFIG_FILE');
  if (file === undefined) {
    if (name === undefined) return undefined;
    throw new UsageError(`Cloud ${name}: there is no clouds.yaml in ${placesOf(from).join(', ')}.`);
  }
  const clouds = sectionOf(file, 'clouds');
  const names = Object.keys(clouds);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined) return undefined;
  if (!Object.hasOwn(clouds, chosen)) {
    throw new UsageError(`Cloud ${chosen} is not in ${file}, which has: ${names.join(', ') || 'none'}.`);
  }
  const cloud = cloudOf(clouds[chosen], `${file}: clouds.${chosen}`);
  const secure = fileOf('secure', from, 'OS_CLIENT_SECURE_FILE');
  const secrets =
    secure === undefined ? {} : cloudOf(sectionOf(secure, 'clouds')[chosen] ?? {}, `${secure}: clouds.${chosen}`);
  const own = merged(cloud, secrets);
  const profile = textOf(own, ['profile', 'cloud']);
  return profile === '' ? own : merged(profileOf(profile, from), own);
}

/** What the cloud says of an option; empty = nothing. */
export function optionOf(cloud: CloudEntry, option: CloudOption): string {
  const { isInAuth, keys } = keysOf(option);
  const auth = cloud.auth;
  const within = isInAuth && isObject(auth) ? textOf(auth, keys) : '';
  if (within !== '') return within;
  const beside = textOf(cloud, keys);
  if (beside !== '') return beside;
  // openstacksdk's words.
  if (option === 'insecure') return /^(false|no|off|0)$/i.test(textOf(cloud, ['verify'])) ? 'true' : '';
  if (option === 'regionName' && Array.isArray(cloud.regions)) return firstRegion(cloud.regions);
  return '';
}

function firstRegion([first]: readonly unknown[]): string {
  if (typeof first === 'string') return first;
  return isObject(first) ? textOf(first, ['name']) : '';
}

function profileOf(name: string, from: Surroundings): CloudEntry {
  const file = fileOf('clouds-public', from);
  const profiles = file === undefined ? {} : sectionOf(file, 'public-clouds');
  if (file !== undefined && Object.hasOwn(profiles, name)) {
    return cloudOf(profiles[name], `${file}: public-clouds.${name}`);
  }
  throw new UsageError(`Profile ${name} is in no clouds-public.yaml in ${placesOf(from).join(', ')}.`);
}

function placesOf({ cwd, env, home }: Surroundings): string[] {
  const config = env.XDG_CONFIG_HOME || join(home, '.config');
  return [cwd, join(config, 'openstack'), '/etc/openstack'];
}

/** The first of that name that is there; a variable may name one in place of all. */
function fileOf(name: string, from: Surroundings, variable?: string): string | undefined {
  const given = variable === undefined ? '' : from.env[variable];
  if (given) {
    if (existsSync(given)) return given;
    throw new UsageError(`${variable}: there is no file ${given}.`);
  }
  const candidates = placesOf(from).flatMap((place) => ENDINGS.map((ending) => join(place, `${name}.${ending}`)));
  return candidates.find((file) => existsSync(file));
}

function sectionOf(file: string, section: string): CloudEntry {
  const whole = mapping(read(file), file);
  return mapping(whole[section] ?? {}, `${file}: ${section}`);
}

/** Scalars stay text: a password of digits is none the less a password. */
function read(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const isDirectory = (error as NodeJS.ErrnoException).code === 'EISDIR';
    throw new UsageError(isDirectory ? `${file} must be a file; it is a directory.` : `${file}: ${messageOf(error)}.`);
  }
  const document = parseDocument(text, { schema: 'failsafe' });
  const [error] = document.errors;
  if (error === undefined) return document.toJS() ?? {};
  // The library shows the lines, which may hold secrets, after the first line of its message.
  throw new UsageError(`${file}: ${error.message.split('\n', 1)[0]?.replace(/:$/, '')}.`);
}

const KEYS = CLOUD_OPTIONS.flatMap((option) => keysOf(option).keys);

/** A cloud whose fields can be read. @throws UsageError naming file and key */
function cloudOf(value: unknown, where: string): CloudEntry {
  const cloud = mapping(value, where);
  // A key without a value reads as empty text.
  const auth = mapping(cloud.auth || {}, `${where}.auth`);
  checkTexts(cloud, [...KEYS, 'profile', 'cloud', 'verify'], where);
  checkTexts(auth, KEYS, `${where}.auth`);
  return cloud;
}

function checkTexts(entry: CloudEntry, keys: readonly string[], where: string): void {
  const wrong = keys.find((key) => typeof (entry[key] ?? '') !== 'string');
  if (wrong !== undefined) throw new UsageError(`${where}.${wrong} must be one value, not a list or a mapping.`);
}

function mapping(value: unknown, where: string): CloudEntry {
  if (isObject(value)) return value;
  throw new UsageError(`${where} must be a mapping.`);
}

function textOf(entry: CloudEntry, keys: readonly string[]): string {
  const found = keys.map((key) => entry[key]).find((value) => typeof value === 'string' && value !== '');
  return typeof found === 'string' ? found : '';
}

function merged(below: CloudEntry, above: CloudEntry): CloudEntry {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const old = result[key];
    result[key] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return result;
}
