import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FenixError, messageOf } from '../common/errors.js';
import { type Config, camelCase } from './config.js';
import { createConvict } from './options.js';
import { SECTIONS } from './sections/index.js';
import { Sources, specOf, type Values } from './sources.js';
import { BadReference, type Lookup, substitute } from './substitute.js';

export interface LoadOptions {
  /** INI files; later ones win. */
  readonly configFiles?: readonly string[];
  /** For `OS_<GROUP>__<OPTION>`; wins over files. */
  readonly env?: NodeJS.ProcessEnv;
  /** Wins over everything, e.g. `{ DEFAULT: { port: 0 } }`. */
  readonly commandLine?: Values;
  /** In place of the options' own defaults. */
  readonly defaults?: Values;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Sentences that name unknown sections and options; never fatal. */
  readonly warnings: readonly string[];
}

/**
 * Reads and validates the configuration: command line > environment > files > defaults.
 * @throws FenixError of kind `input`; its message has one sentence (line) per bad option, naming source, section, option
 *   and what is allowed, never the value of a secret
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const env = options.env ?? {};
  const sources = new Sources();
  sources.addValues(options.defaults ?? {}, 'built-in default');
  sources.addHistoricalEnvironment(env);
  sources.addFiles(options.configFiles ?? []);
  sources.addEnvironment(env);
  sources.addValues(options.commandLine ?? {}, 'command line');
  return { config: validated(sources), warnings: sources.warnings };
}

/**
 * The files that oslo.config looks for by itself: `fenix.conf`, then `<program>.conf`, those that exist.
 * @param program e.g. `fenix-api`
 */
export function defaultConfigFiles(program: string, directory = '/etc/fenix'): string[] {
  return ['fenix.conf', `${program}.conf`].map((name) => join(directory, name)).filter((file) => existsSync(file));
}

function validated(sources: Sources): Config {
  const values = createConvict(SECTIONS);
  const complaints: string[] = [];
  const lookup = lookupIn(sources);
  for (const { section, option, given } of sources.entries()) {
    const spec = specOf(section, option);
    try {
      const texts = given.texts.map((text) => substitute(text, section, lookup, [`${section}.${option}`]));
      const isNumber = spec?.format === 'fenix-integer' || spec?.format === 'fenix-number';
      if (isNumber && texts[0]?.trim() === '') continue; // as oslo.config: an empty number is not set
      values.set(`${section}.${option}`, spec?.multi ? texts : texts[0]);
    } catch (error) {
      if (!(error instanceof BadReference)) throw error;
      const what = spec?.secret === undefined ? `$${error.reference}` : 'something with a dollar sign';
      complaints.push(
        `${given.origin}: option ${option} in section [${section}] refers to ${what}, which is no option or leads ` +
          'back to itself; write $$ for a dollar sign.',
      );
    }
  }
  complaints.push(...convictComplaints(() => values.validate(), sources));
  const config = camelCased(values.all());
  if (complaints.length === 0) complaints.push(...contradictions(config));
  if (complaints.length > 0) throw new FenixError('input', 'config-invalid', complaints.join('\n'));
  return config;
}

/** Text of an option for references to it: as given, else its default. */
function lookupIn(sources: Sources): Lookup {
  return (section, option) => {
    const spec = specOf(section, option);
    if (spec === undefined) return undefined;
    return (sources.get(section, option)?.texts ?? [spec.default ?? '']).join(',');
  };
}

/** Convict reports all bad options at once, a line each: `section.option: must be …: value was …`. */
function convictComplaints(validate: () => void, sources: Sources): string[] {
  try {
    validate();
    return [];
  } catch (error) {
    return messageOf(error)
      .split('\n')
      .map((line) => {
        const [, section = '', option = '', must = line] = /^(\w+)\.(\w+): (.*?)(?:: value was .*)?$/.exec(line) ?? [];
        const given = sources.get(section, option);
        const shown = specOf(section, option)?.secret === undefined ? `, not "${given?.texts.join(', ')}"` : '';
        return `${given?.origin ?? 'default'}: option ${option} in section [${section}] ${must}${shown}.`;
      });
  }
}

function contradictions({ engine }: Config): string[] {
  if (engine.heartbeatInterval < engine.leaseTime) return [];
  return [
    `Option heartbeat_interval in section [engine] must be shorter than lease_time (${engine.leaseTime} s), or engines ` +
      'lose their sessions between two heartbeats.',
  ];
}

function camelCased(values: Record<string, unknown>): Config {
  const sections = Object.entries(values).map(([section, options]) => {
    const entries = Object.entries(options as object).map(([option, value]) => [camelCase(option), value]);
    return [camelCase(section), Object.fromEntries(entries)];
  });
  return Object.fromEntries(sections) as Config;
}
