import { Ajv, type ValidateFunction } from 'ajv';
import { messageOf } from '../common/errors.js';
import { type PluginInfo, type PluginPin, type SessionAction, SHIPPED } from '../model/index.js';
import { impossible, Refusal } from './errors.js';
import { fieldOf, sentenceOf } from './schemas/validator.js';

const RETRY_AFTER_S = 10;
const MAX_COMPILED = 200;
/** By the schema's text: plug-ins are read from the database for each request. */
const compiled = new Map<string, ValidateFunction>();

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
   * @throws Refusal 422 for a name that no engine knows, a type that a plug-in does not serve, metadata it refuses
   */
  pins(workflow: string, actions: readonly SessionAction[]): PluginPin[] {
    const pinned = new Set([this.workflow(workflow)]);
    for (const [i, action] of actions.entries()) pinned.add(this.action(action, `actions[${i}]`));
    for (const plugin of this.plugins) if (plugin.kind === 'instance-action') pinned.add(plugin);
    return [...pinned].map(({ kind, name, version, digest, source }) => {
      return { kind, name, version, digest, shipped: source === SHIPPED };
    });
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
  if (plugin.metadataSchema === undefined) return;
  const validate = validatorOf(plugin, plugin.metadataSchema, field);
  const error = validate(metadata) ? undefined : validate.errors?.[0];
  if (error === undefined) return;
  const inner = fieldOf(error);
  const path = inner === '' || inner.startsWith('[') ? `${field}${inner}` : `${field}.${inner}`;
  throw impossible('bad-metadata', path, `${path} ${sentenceOf(error)} (asked for by ${plugin.name}).`);
}

function validatorOf(plugin: PluginInfo, schema: Record<string, unknown>, field: string): ValidateFunction {
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  if (compiled.size >= MAX_COMPILED) compiled.clear();
  try {
    // An Ajv of its own: one for all would keep every schema it ever saw.
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    compiled.set(text, validate);
    return validate;
  } catch (error) {
    throw impossible(
      'plugin-broken',
      field,
      `The metadata schema of ${plugin.name} is no schema: ${messageOf(error)}.`,
    );
  }
}
