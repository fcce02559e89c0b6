import { FenixError } from '../common/errors.js';
import type { BrokenPlugin, MoveAction, PluginInfo, PluginPin } from '../model/index.js';
import type { ActionPlugin, InstanceActionPlugin, WorkflowPlugin } from './contract.js';

export type PluginKind = PluginPin['kind'];

export interface LoadedPlugin<P> {
  readonly plugin: P;
  readonly info: PluginInfo;
  /** Where it was found, for logs and errors. */
  readonly source: string;
}

interface PluginOf {
  workflow: WorkflowPlugin;
  action: ActionPlugin;
  'instance-action': InstanceActionPlugin;
}

/** All plug-ins of this process by kind and name. Names of requests are looked up here, never turned into a path. */
export class PluginRegistry {
  private readonly plugins = new Map<string, LoadedPlugin<PluginOf[PluginKind]>>();
  /** What was found and can't be used. */
  readonly broken: BrokenPlugin[] = [];

  /** The first one of a name wins, so what stands earlier in the search path overrides what stands later. */
  add<K extends PluginKind>(kind: K, loaded: LoadedPlugin<PluginOf[K]>): boolean {
    const key = keyOf(kind, loaded.plugin.name);
    if (this.plugins.has(key)) return false;
    this.plugins.set(key, loaded);
    return true;
  }

  workflow(name: string): WorkflowPlugin {
    return this.get('workflow', name).plugin as WorkflowPlugin;
  }

  action(name: string): ActionPlugin {
    return this.get('action', name).plugin as ActionPlugin;
  }

  instanceAction(name: MoveAction): InstanceActionPlugin {
    return this.get('instance-action', name).plugin as InstanceActionPlugin;
  }

  /** Undefined where {@link workflow} throws. */
  findWorkflow(name: string): WorkflowPlugin | undefined {
    return this.plugins.get(keyOf('workflow', name))?.plugin as WorkflowPlugin | undefined;
  }

  /** Undefined where {@link action} throws. */
  findAction(name: string): ActionPlugin | undefined {
    return this.plugins.get(keyOf('action', name))?.plugin as ActionPlugin | undefined;
  }

  info(kind: PluginKind, name: string): PluginInfo | undefined {
    return this.plugins.get(keyOf(kind, name))?.info;
  }

  /** These, and of the other ones those of other names than the pinned; of two of one name the other one. */
  overlaid(others: PluginRegistry, pinned: readonly PluginPin[]): PluginRegistry {
    const keys = new Set(pinned.map(({ kind, name }) => keyOf(kind, name)));
    const both = new PluginRegistry();
    for (const [key, loaded] of this.plugins) both.plugins.set(key, loaded);
    for (const [key, loaded] of others.plugins) if (!keys.has(key)) both.plugins.set(key, loaded);
    return both;
  }

  /** What the engine registers in the database. */
  infos(): PluginInfo[] {
    return [...this.plugins.values()].map(({ info }) => info);
  }

  /** The first pin that this process can't serve with the same code, as a sentence; undefined if it has them all. */
  missing(pins: readonly PluginPin[]): string | undefined {
    return missingOf(pins, (kind, name) => this.info(kind, name));
  }

  private get(kind: PluginKind, name: string): LoadedPlugin<PluginOf[PluginKind]> {
    const found = this.plugins.get(keyOf(kind, name));
    if (found === undefined)
      throw new FenixError('terminal', 'plug-in-missing', `There is no ${kind} plug-in "${name}".`);
    return found;
  }
}

/** Whether an engine with these plug-ins can serve the pins with the same code. */
export function hasAll(pins: readonly PluginPin[], infos: readonly PluginInfo[]): boolean {
  const found = new Map(infos.map((info) => [keyOf(info.kind, info.name), info]));
  return missingOf(pins, (kind, name) => found.get(keyOf(kind, name))) === undefined;
}

function missingOf(
  pins: readonly PluginPin[],
  infoOf: (kind: PluginKind, name: string) => PluginInfo | undefined,
): string | undefined {
  for (const pin of pins) {
    const info = infoOf(pin.kind, pin.name);
    if (info === undefined) return `${pin.kind} ${pin.name} is not installed here`;
    if (info.version !== pin.version || info.digest !== pin.digest) {
      return `${pin.kind} ${pin.name} is version ${info.version} (${info.digest.slice(0, 12)}) here, the session needs ${pin.version} (${pin.digest.slice(0, 12)})`;
    }
  }
  return undefined;
}

function keyOf(kind: PluginKind, name: string): string {
  return `${kind}/${name}`;
}
