import { pathToFileURL } from 'node:url';
import { FenixError, messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import type { BrokenPlugin, PluginInfo } from '../model/index.js';
import type { ActionPlugin, InstanceActionPlugin, PluginDeclaration, WorkflowPlugin } from './contract.js';
import type { PluginProcesses } from './isolation/plugin-processes.js';
import { ACTION_METHODS, checkAction, checkInstanceAction, checkWorkflow } from './plugin-checks.js';
import { digestOf } from './plugin-digest.js';
import { type FoundModule, modulesAt, SHIPPED_PLUGINS } from './plugin-places.js';
import { PluginRegistry } from './registry.js';

export interface LoaderOptions {
  /** Directory in whose node_modules packages of the search path are looked for first. */
  readonly packagesFrom?: string;
  /** What is done about those that cannot be used: `stop` throws, `skip` lists them in the registry; default stop. */
  readonly onError?: 'stop' | 'skip';
  /** Where plug-ins of others are imported first, and run; default: in this process, as those that ship. */
  readonly processes?: PluginProcesses;
}

/**
 * Finds, imports and checks all plug-ins of the search path.
 * @param searchPath directories, or names of npm packages that hold such folders, or a list, beside their package.json
 * @throws FenixError `plug-in-invalid` or `plug-in-path`: a sentence for each that cannot be used, naming file and reason
 */
export async function loadPlugins(
  searchPath: readonly string[],
  log: Logger,
  options: LoaderOptions = {},
): Promise<PluginRegistry> {
  const registry = new PluginRegistry();
  const failed: Failed[] = [];
  for (const place of [...searchPath.filter((entry) => entry !== ''), SHIPPED_PLUGINS]) {
    for (const module of findAt(place, options, failed, log)) {
      try {
        await load(registry, module, options.processes, log);
      } catch (error) {
        failed.push({ source: module.source, file: module.file, error: asRefusal(error, module.file) });
      }
    }
  }
  if (failed.length > 0 && options.onError !== 'skip') throw together(failed);
  for (const { source, file, error } of failed) {
    const broken: BrokenPlugin = { source, file, reason: error.message };
    log.error(broken, 'plug-in passed over: it cannot be used');
    registry.broken.push(broken);
  }
  return registry;
}

/** Adds modules that were found by no search path. @throws FenixError `plug-in-invalid` naming file and reason */
export async function loadModules(
  registry: PluginRegistry,
  modules: readonly FoundModule[],
  processes: PluginProcesses | undefined,
  log: Logger,
): Promise<void> {
  for (const module of modules) {
    try {
      await load(registry, module, processes, log);
    } catch (error) {
      throw asRefusal(error, module.file);
    }
  }
}

/** Loads one module for its checks alone. @throws FenixError `plug-in-invalid` naming what is wrong with it */
export async function tryModule(module: FoundModule, processes: PluginProcesses, log: Logger): Promise<PluginInfo> {
  const registry = new PluginRegistry();
  await loadModules(registry, [module], processes, log);
  return registry.infos()[0] as PluginInfo;
}

interface Failed {
  readonly source: string;
  readonly file: string | null;
  readonly error: FenixError;
}

function findAt(place: string, { packagesFrom }: LoaderOptions, failed: Failed[], log: Logger): FoundModule[] {
  try {
    const modules = modulesAt(place, packagesFrom);
    if (modules.length === 0) log.warn({ place }, 'there are no plug-ins at this place of plugin_path');
    return modules;
  } catch (error) {
    failed.push({ source: place, file: null, error: asRefusal(error, place) });
    return [];
  }
}

/** One is thrown as it is; of several, each is told. */
function together(failed: readonly Failed[]): FenixError {
  const [first] = failed;
  if (failed.length === 1 && first !== undefined) return first.error;
  const lines = failed.map(({ error }) => error.message);
  return new FenixError(
    'terminal',
    'plug-in-invalid',
    [`${failed.length} plug-ins cannot be used.`, ...lines].join('\n'),
  );
}

function asRefusal(error: unknown, file: string): FenixError {
  if (error instanceof FenixError) return error;
  const message = `Plug-in ${file} cannot be loaded: ${messageOf(error)}`;
  return new FenixError('terminal', 'plug-in-invalid', message, { cause: error });
}

async function load(
  registry: PluginRegistry,
  module: FoundModule,
  processes: PluginProcesses | undefined,
  log: Logger,
): Promise<void> {
  const { kind, file } = module;
  const digest = digestOf(file, module.root);
  let added: boolean;
  let info: PluginInfo;
  if (kind === 'workflow') {
    await processes?.tryImport(module);
    const plugin: WorkflowPlugin = checkWorkflow(await importDefault(file), file);
    info = describe(module, plugin, digest);
    added = registry.add(kind, { plugin, info, source: file });
  } else if (kind === 'action') {
    const isolated = processes?.isolates(module.source) ?? false;
    const plugin = isolated
      ? await (processes as PluginProcesses).action(module, () => digestOf(file, module.root) === digest)
      : await inThisProcess(module, processes);
    info = describeAction(describe(module, plugin, digest), plugin, isolated);
    added = registry.add(kind, { plugin, info, source: file });
  } else {
    await processes?.tryImport(module);
    const plugin: InstanceActionPlugin = checkInstanceAction(await importDefault(file), file);
    info = describe(module, plugin, digest);
    added = registry.add(kind, { plugin, info, source: file });
  }
  if (added) log.debug({ kind, name: info.name, version: info.version, file }, 'plug-in loaded');
  else
    log.warn({ kind, name: info.name, file }, 'plug-in ignored: one of this name was found earlier in the search path');
}

async function inThisProcess(module: FoundModule, processes: PluginProcesses | undefined): Promise<ActionPlugin> {
  await processes?.tryImport(module);
  return checkAction(await importDefault(module.file), module.file);
}

function describe({ kind, source }: FoundModule, plugin: PluginDeclaration, digest: string): PluginInfo {
  const { name, version, description, contract = 1 } = plugin;
  return { kind, name, version, digest, source, contract, ...(description !== undefined && { description }) };
}

function describeAction(info: PluginInfo, plugin: ActionPlugin, isolated: boolean): PluginInfo {
  const { metadataSchema, types, timeoutS, retry } = plugin;
  return {
    ...info,
    ...(metadataSchema && { metadataSchema }),
    ...(types && { types }),
    ...(timeoutS !== undefined && { timeoutS }),
    ...(retry && { retry }),
    methods: ACTION_METHODS.filter((method) => plugin[method] !== undefined),
    isolated,
  };
}

async function importDefault(file: string): Promise<unknown> {
  return (await import(pathToFileURL(file).href)).default;
}
