import { messageOf } from '../common/errors.js';
import { type SchemaProblem, schemaProblem } from '../common/schema-problem.js';
import type { PluginInfo, PluginPin, SessionAction } from '../model/index.js';
import { impossible, Refusal } from './errors.js';

const RETRY_AFTER_S = 10;

/** The plug-ins that engines have, live or last known; what a request is checked against (L1). */
export class PluginCatalog {
  /** @throws Refusal 503 while no engine was ever seen */
  constructor(private readonly plugins: readonly PluginInfo[]) {
    if (plugins.length > 0) return;
    throw new Refusal(503, 'no-engine', 'No engine has registered yet, so no workflow is known; start one.', {
      retryAfterS: RETRY_AFTER_S,
    });
  }

  /**
   * Everything the session depends on: its workflow, the action plug-ins it uses, and all instance actions.
   * @param others whether plug-ins that no engine knows may come with a download: its engine looks at those
   * @throws Refusal 422 for a name that no engine knows, a type that a plug-in does not serve, metadata it refuses
   */
  pins(workflow: string, actions: readonly SessionAction[], others: boolean): PluginPin[] {
    const pinned = new Set<PluginInfo>();
    if (!others || this.find('workflow', workflow)) pinned.add(this.workflow(workflow));
    for (const [i, action] of actions.entries()) {
      if (!others || this.find('action', action.plugin)) pinned.add(this.action(action, `actions[${i}]`));
    }
    for (const plugin of this.plugins) if (plugin.kind === 'instance-action') pinned.add(plugin);
    return [...pinned].map(({ kind, name, version, digest }) => ({ kind, name, version, digest }));
  }

  private workflow(name: string): PluginInfo {
    return this.find('workflow', name) ?? this.unknown('workflow', name, 'workflow');
  }

  private action({ plugin: name, type, metadata }: SessionAction, field: string): PluginInfo {
    const plugin = this.find('action', name) ?? this.unknown('action', name, `${field}.plugin`);
    if (plugin.types?.includes(type) === false) {
      throw impossible('action-type', `${field}.type`, `${name} does not serve type ${type}.`);
    }
    checkMetadata(plugin, metadata, `${field}.metadata`);
    return plugin;
  }

  private find(kind: PluginInfo['kind'], name: string): PluginInfo | undefined {
    return this.plugins.find((plugin) => plugin.kind === kind && plugin.name === name);
  }

  private unknown(kind: PluginInfo['kind'], name: string, field: string): never {
    const known = this.plugins.filter((plugin) => plugin.kind === kind).map((plugin) => plugin.name);
    const sentence = `No engine has the ${kind} plug-in ${JSON.stringify(name)}; there are: ${known.sort().join(', ')}.`;
    throw impossible(`unknown-${kind}`, field, sentence);
  }
}

function checkMetadata(plugin: PluginInfo, metadata: Record<string, unknown>, field: string): void {
  const problem = problemOf(plugin, metadata, field);
  if (problem === undefined) return;
  const inner = problem.field;
  const path = inner === '' || inner.startsWith('[') ? `${field}${inner}` : `${field}.${inner}`;
  throw impossible('bad-metadata', path, `${path} ${problem.sentence} (asked for by ${plugin.name}).`);
}

function problemOf(plugin: PluginInfo, metadata: Record<string, unknown>, field: string): SchemaProblem | undefined {
  if (plugin.metadataSchema === undefined) return undefined;
  try {
    return schemaProblem(plugin.metadataSchema, metadata);
  } catch (error) {
    const sentence = `The metadata schema of ${plugin.name} is no schema: ${messageOf(error)}.`;
    throw impossible('plugin-broken', field, sentence);
  }
}
