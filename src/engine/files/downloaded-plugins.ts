import { join } from 'node:path';
import { FenixError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { schemaProblem } from '../../common/schema-problem.js';
import type { PluginInfo, PluginPin, Session } from '../../model/index.js';
import type { PluginProcesses } from '../../workflow/isolation/plugin-processes.js';
import { loadModules } from '../../workflow/loader.js';
import { scripts } from '../../workflow/plugin-places.js';
import { type PluginKind, PluginRegistry } from '../../workflow/registry.js';

/** Where plug-ins are looked for, by what archives were unpacked to, in the order in which they win. */
const FOLDERS: readonly (readonly [unpacked: string, folder: string, kind: PluginKind])[] = [
  ['workflow', '.', 'workflow'],
  ['workflow', 'workflow', 'workflow'],
  ['workflow', 'workflows', 'workflow'],
  ['workflow', 'actions', 'action'],
  ['actions', '.', 'action'],
  ['actions', 'actions', 'action'],
  ['actions', 'workflow', 'workflow'],
  ['actions', 'workflows', 'workflow'],
];
/** What the engine calls their source. */
const SOURCE = 'download';

/**
 * @param processes where plug-ins of others run; absent: in this process
 * @throws FenixError `plug-in-invalid` naming the file
 */
export async function downloadedPlugins(
  directory: string,
  processes: PluginProcesses | undefined,
  log: Logger,
): Promise<PluginRegistry> {
  const registry = new PluginRegistry();
  const modules = FOLDERS.flatMap(([unpacked, folder, kind]) => {
    const root = join(directory, unpacked);
    return scripts(join(root, folder)).map((file) => ({ kind, file, root, source: SOURCE }));
  });
  await loadModules(registry, modules, processes, log);
  return registry;
}

/**
 * The session's plug-ins that no engine had when it was created, checked as the API does those that it knows.
 * @throws FenixError `unknown-workflow`, `unknown-action`, `action-type`, `bad-metadata`, `plug-in-missing` when an
 * earlier owner had others
 */
export function pinsOfDownloaded(session: Session, registry: PluginRegistry): PluginPin[] {
  const found = new Set<PluginInfo>();
  if (!isPinned(session, 'workflow', session.workflow)) found.add(required(registry, 'workflow', session.workflow));
  for (const { plugin, name, type, metadata } of session.actions) {
    if (isPinned(session, 'action', plugin)) continue;
    const info = required(registry, 'action', plugin);
    if (info.types?.includes(type) === false) {
      throw new FenixError('terminal', 'action-type', `${plugin}, as downloaded, does not serve type ${type}.`);
    }
    const problem = info.metadataSchema && schemaProblem(info.metadataSchema, metadata);
    if (problem !== undefined) {
      const where = problem.field === '' ? 'metadata' : `metadata ${problem.field}`;
      const message = `Action ${name}: ${where} ${problem.sentence} (asked for by ${plugin}, as downloaded).`;
      throw new FenixError('terminal', 'bad-metadata', message);
    }
    found.add(info);
  }
  const missing = registry.missing(session.downloads?.plugins ?? []);
  if (missing !== undefined) throw new FenixError('terminal', 'plug-in-missing', `Of what was downloaded ${missing}.`);
  return [...found].map(({ kind, name, version, digest }) => ({ kind, name, version, digest }));
}

function isPinned({ plugins }: Session, kind: PluginKind, name: string): boolean {
  return plugins.some((pin) => pin.kind === kind && pin.name === name);
}

function required(registry: PluginRegistry, kind: 'workflow' | 'action', name: string): PluginInfo {
  const info = registry.info(kind, name);
  if (info !== undefined) return info;
  const known = registry.infos().filter((one) => one.kind === kind);
  const names = known.map((one) => one.name).sort();
  const message = `Neither an engine nor what was downloaded has the ${kind} plug-in "${name}"; there are: ${names.join(', ')}.`;
  throw new FenixError('terminal', `unknown-${kind}`, message);
}
