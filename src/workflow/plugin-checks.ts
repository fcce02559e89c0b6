import { Ajv } from 'ajv';
import { FenixError } from '../common/errors.js';
import { ACTION_TYPES, ACTIVE_STATES, INSTANCE_ACTIONS, STAND_IN_ACTIONS } from '../model/index.js';
import { type ActionPlugin, CONTRACT, type InstanceActionPlugin, type WorkflowPlugin } from './contract.js';

/* What a module must look like to be taken for a plug-in; every refusal names the file and the key. */

const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const OPTIONAL_METHODS = ['check', 'probe', 'verify', 'undo', 'release'] as const;
export type ActionMethod = 'run' | (typeof OPTIONAL_METHODS)[number];
/** What an action plug-in can be asked for. */
export const ACTION_METHODS: readonly ActionMethod[] = ['run', ...OPTIONAL_METHODS];

export function checkWorkflow(exported: unknown, file: string): WorkflowPlugin {
  const plugin = checkDeclaration(exported, file, NAME);
  demand(plugin.style === 'default' || plugin.style === 'vnf', file, 'style', '"default" or "vnf"');
  const states = plugin.states as Record<string, unknown> | undefined;
  demand(typeof states === 'object' && states !== null, file, 'states', 'an object with a handler per state');
  for (const state of ACTIVE_STATES) {
    demand(typeof states?.[state] === 'function', file, `states.${state}`, 'a function');
  }
  return plugin as unknown as WorkflowPlugin;
}

export function checkAction(exported: unknown, file: string): ActionPlugin {
  const plugin = checkDeclaration(exported, file, NAME);
  requireFunction(plugin, file, 'run');
  for (const method of OPTIONAL_METHODS) {
    if (plugin[method] !== undefined) requireFunction(plugin, file, method);
  }
  if (plugin.removes !== undefined) requireFunction(plugin, file, 'removes');
  const { types, metadataSchema, timeoutS, retry } = plugin as Partial<ActionPlugin>;
  const knownTypes =
    types === undefined || (Array.isArray(types) && types.every((type) => ACTION_TYPES.includes(type)));
  demand(knownTypes, file, 'types', `a list of ${ACTION_TYPES.join(', ')}`);
  demand(metadataSchema === undefined || isSchema(metadataSchema), file, 'metadataSchema', 'a JSON schema (an object)');
  demand(
    timeoutS === undefined || (Number.isFinite(timeoutS) && Number(timeoutS) > 0),
    file,
    'timeoutS',
    'a number of seconds above 0',
  );
  const knownRetry =
    retry === undefined || (Number.isSafeInteger(retry?.attempts) && retry.attempts >= 1 && retry.waitS >= 0);
  demand(knownRetry, file, 'retry', '{ attempts: at least 1, waitS: at least 0 }');
  for (const key of ['checkIf', 'undoIf'] as const) {
    const keys = plugin[key];
    const areKeys = keys === undefined || (Array.isArray(keys) && keys.every((each) => typeof each === 'string'));
    demand(areKeys, file, key, 'a list of keys of its metadata');
  }
  return plugin as unknown as ActionPlugin;
}

export function checkInstanceAction(exported: unknown, file: string): InstanceActionPlugin {
  const names = [...INSTANCE_ACTIONS, ...STAND_IN_ACTIONS];
  const plugin = checkDeclaration(exported, file, new RegExp(`^(${names.join('|')})$`));
  requireFunction(plugin, file, 'run');
  for (const method of ['settle', 'restore']) if (plugin[method] !== undefined) requireFunction(plugin, file, method);
  demand(typeof plugin.needsTarget === 'boolean', file, 'needsTarget', 'true or false');
  return plugin as unknown as InstanceActionPlugin;
}

function checkDeclaration(exported: unknown, file: string, names: RegExp): Record<string, unknown> {
  demand(typeof exported === 'object' && exported !== null, file, 'default export', 'an object');
  const plugin = exported as Record<string, unknown>;
  demandContract(plugin.contract, file);
  demand(typeof plugin.name === 'string' && names.test(plugin.name), file, 'name', `text that matches ${names.source}`);
  demand(typeof plugin.version === 'string' && plugin.version !== '', file, 'version', 'a text such as "1.0.0"');
  return plugin;
}

/** Asked first: what a later contract demands of the other keys is not known here. */
function demandContract(contract: unknown, file: string): void {
  if (contract === undefined) return;
  demand(Number.isSafeInteger(contract) && Number(contract) >= 1, file, 'contract', 'a whole number from 1');
  if (Number(contract) <= CONTRACT) return;
  const message = `Plug-in ${file} is written for contract ${contract}; this Fenix knows contracts up to ${CONTRACT}.`;
  throw new FenixError('terminal', 'plug-in-invalid', message);
}

function isSchema(candidate: unknown): boolean {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) return false;
  // What it makes of the meta-schema takes longer than all else that is checked here: once for the process.
  schemas ??= new Ajv({ strict: false, logger: false });
  return schemas.validateSchema(candidate) === true;
}

let schemas: Ajv | undefined;

function requireFunction(plugin: Record<string, unknown>, file: string, key: string): void {
  demand(typeof plugin[key] === 'function', file, key, 'a function');
}

function demand(condition: boolean, file: string, key: string, allowed: string): void {
  if (!condition) throw new FenixError('terminal', 'plug-in-invalid', `Plug-in ${file}: ${key} must be ${allowed}.`);
}
