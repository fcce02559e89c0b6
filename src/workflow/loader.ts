import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FenixError, messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { PluginInfo } from '../model/index.js';
import { checkAction, checkInstanceAction, checkWorkflow } from './plugin-checks.js';
import { type PluginKind, PluginRegistry } from './registry.js';

/** The plug-ins that ship with Fenix; always searched, after the configured places. */
export const SHIPPED_PLUGINS = fileURLToPath(new URL('../../plugins/', import.meta.url));

const FOLDERS: readonly { readonly folder: string; readonly kind: PluginKind }[] = [
  { folder: 'workflows', kind: 'workflow' },
  { folder: 'actions', kind: 'action' },
  { folder: 'instance-actions', kind: 'instance-action' },
];

/**
 * Finds, imports and checks all plug-ins of the search path.
 * @param searchPath directories, or names of npm packages that hold such folders beside their package.json
 * @throws FenixError `plug-in-invalid` naming the file and what is wrong with it
 */
export async function loadPlugins(searchPath: readonly string[], log: Logger): Promise<PluginRegistry> {
  const registry = new PluginRegistry();
  for (const place of [...searchPath, SHIPPED_PLUGINS]) {
    const directory = directoryOf(place);
    for (const { folder, kind } of FOLDERS) await loadFolder(registry, kind, join(directory, folder), place, log);
  }
  return registry;
}

/**
 * Adds what is in one folder, which may be missing.
 * @param place what is told as their source
 * @throws FenixError `plug-in-invalid`
 */
export async function loadFolder(
  registry: PluginRegistry,
  kind: PluginKind,
  folder: string,
  place: string,
  log: Logger,
): Promise<void> {
  for (const file of modulesIn(folder)) await loadFile(registry, kind, { file, place }, log);
}

/** A module, and the entry of the search path by which it was found. */
interface Found {
  readonly file: string;
  readonly place: string;
}

async function loadFile(registry: PluginRegistry, kind: PluginKind, found: Found, log: Logger): Promise<void> {
  const { file } = found;
  const exported = await importDefault(file);
  let added: boolean;
  let info: PluginInfo;
  if (kind === 'workflow') {
    const plugin = checkWorkflow(exported, file);
    info = describe(kind, plugin, found);
    added = registry.add(kind, { plugin, info, source: file });
  } else if (kind === 'action') {
    const plugin = checkAction(exported, file);
    const { metadataSchema, types } = plugin;
    info = { ...describe(kind, plugin, found), ...(metadataSchema && { metadataSchema }), ...(types && { types }) };
    added = registry.add(kind, { plugin, info, source: file });
  } else {
    const plugin = checkInstanceAction(exported, file);
    info = describe(kind, plugin, found);
    added = registry.add(kind, { plugin, info, source: file });
  }
  if (added) log.debug({ kind, name: info.name, version: info.version, file }, 'plug-in loaded');
  else
    log.warn({ kind, name: info.name, file }, 'plug-in ignored: one of this name was found earlier in the search path');
}

function describe(
  kind: PluginKind,
  plugin: { readonly name: string; readonly version: string; readonly description?: string },
  { file, place }: Found,
): PluginInfo {
  const { name, version, description } = plugin;
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  const source = place === SHIPPED_PLUGINS ? 'fenix' : place;
  return { kind, name, version, digest, source, ...(description !== undefined && { description }) };
}

async function importDefault(file: string): Promise<unknown> {
  try {
    return (await import(pathToFileURL(file).href)).default;
  } catch (error) {
    throw new FenixError('terminal', 'plug-in-invalid', `Plug-in ${file} cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function directoryOf(place: string): string {
  const path = resolve(place);
  if (existsSync(path) && statSync(path).isDirectory()) return path;
  try {
    return dirname(fileURLToPath(import.meta.resolve(`${place}/package.json`)));
  } catch (error) {
    const message = `plugin_path names "${place}", which is neither a directory nor an installed npm package.`;
    throw new FenixError('terminal', 'plug-in-path', message, { cause: error });
  }
}

function modulesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.js') || file.endsWith('.mjs'));
  return files.sort().map((file) => join(folder, file));
}
