import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FenixError, messageOf } from '../common/errors.js';
import type { PluginKind } from './registry.js';

/** The plug-ins that ship with Fenix; always searched, after the configured places. */
export const SHIPPED_PLUGINS = fileURLToPath(new URL('../../plugins/', import.meta.url));
/** What the API calls their source. */
export const SHIPPED = 'fenix';

/** A folder's name says the kind of the plug-ins in it; so do the keys under `fenix` in a package.json. */
export const PLUGIN_FOLDERS: Readonly<Record<string, PluginKind>> = {
  workflows: 'workflow',
  actions: 'action',
  'instance-actions': 'instance-action',
};

/** A module that is to be a plug-in. */
export interface FoundModule {
  readonly kind: PluginKind;
  readonly file: string;
  /** Its package, or the directory of the search path: what it imports in there is part of it. */
  readonly root: string;
  /** The entry of the search path by which it was found; `fenix` for what ships. */
  readonly source: string;
}

const PACKAGE_NAME = /^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/;

/**
 * The modules at an entry of the search path: those that its package.json lists under `fenix`, else those in its folders.
 * @param packagesFrom directory beside whose node_modules packages are looked for, before Fenix's own
 * @throws FenixError `plug-in-path` when there is no such place, `plug-in-invalid` when its package.json is wrong
 */
export function modulesAt(place: string, packagesFrom: string | undefined): FoundModule[] {
  if (place === SHIPPED_PLUGINS) return inFolders(SHIPPED_PLUGINS, SHIPPED);
  const root = realpathSync(directoryOf(place, packagesFrom));
  return listed(root, place) ?? inFolders(root, place);
}

/**
 * A single file, as if found by the search path.
 * @throws FenixError `plug-in-path` unless the folder that it stands in says the kind
 */
export function moduleIn(file: string): FoundModule {
  const path = realpathSync(resolve(file));
  const folder = dirname(path);
  const kind = PLUGIN_FOLDERS[basename(folder)];
  if (kind !== undefined) return { kind, file: path, root: dirname(folder), source: dirname(folder) };
  const allowed = Object.keys(PLUGIN_FOLDERS).join(', ');
  const message = `${file} stands in none of the folders ${allowed}, which say what kind of plug-in it is.`;
  throw new FenixError('input', 'plug-in-path', message);
}

function directoryOf(place: string, packagesFrom: string | undefined): string {
  const path = resolve(place);
  if (isDirectory(path)) return path;
  const found = packageDirectory(place, packagesFrom);
  if (found !== undefined) return found;
  const message = `plugin_path names "${place}", which is neither a directory nor an installed npm package.`;
  throw new FenixError('terminal', 'plug-in-path', message);
}

/** Not by Node's resolution: a package need not export its package.json, nor have an entry at all. */
function packageDirectory(name: string, packagesFrom: string | undefined): string | undefined {
  if (!PACKAGE_NAME.test(name)) return undefined;
  const beside = [...(packagesFrom === undefined ? [] : [packagesFrom]), SHIPPED_PLUGINS];
  return beside
    .flatMap((directory) => createRequire(join(resolve(directory), 'package.json')).resolve.paths(name) ?? [])
    .map((modules) => join(modules, name))
    .find((directory) => existsSync(join(directory, 'package.json')));
}

function inFolders(root: string, source: string): FoundModule[] {
  return Object.entries(PLUGIN_FOLDERS).flatMap(([folder, kind]) =>
    scripts(join(root, folder)).map((file) => ({ kind, file, root, source })),
  );
}

/** The modules in a folder, which may be missing, in order. */
export function scripts(folder: string): string[] {
  if (!isDirectory(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.js') || file.endsWith('.mjs'));
  return files.sort().map((file) => join(folder, file));
}

/** What package.json lists; undefined when it lists nothing or is not there. */
function listed(root: string, source: string): FoundModule[] | undefined {
  const manifest = join(root, 'package.json');
  if (!existsSync(manifest)) return undefined;
  const { fenix } = parsed(manifest);
  if (fenix === undefined) return undefined;
  if (typeof fenix !== 'object' || fenix === null || Array.isArray(fenix)) {
    throw wrong(manifest, 'fenix', `an object with lists of modules under ${Object.keys(PLUGIN_FOLDERS).join(', ')}`);
  }
  return Object.entries(fenix).flatMap(([folder, files]) => {
    const kind = PLUGIN_FOLDERS[folder];
    if (kind === undefined)
      throw wrong(manifest, `fenix.${folder}`, `one of ${Object.keys(PLUGIN_FOLDERS).join(', ')}`);
    if (!Array.isArray(files)) throw wrong(manifest, `fenix.${folder}`, 'a list of modules of the package');
    return files.map((file, i) => ({
      kind,
      source,
      root,
      file: within(root, file, manifest, `fenix.${folder}[${i}]`),
    }));
  });
}

function within(root: string, file: unknown, manifest: string, key: string): string {
  const path = typeof file === 'string' ? resolve(root, file) : root;
  const inside = relative(root, path);
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside) || !existsSync(path)) {
    throw wrong(manifest, key, 'the path of a module in the package');
  }
  return path;
}

function parsed(manifest: string): { readonly fenix?: unknown } {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8')) ?? {};
  } catch (error) {
    const message = `${manifest} cannot be read: ${messageOf(error)}`;
    throw new FenixError('terminal', 'plug-in-invalid', message, { cause: error });
  }
}

function wrong(manifest: string, key: string, allowed: string): FenixError {
  return new FenixError('terminal', 'plug-in-invalid', `${manifest}: ${key} must be ${allowed}.`);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
