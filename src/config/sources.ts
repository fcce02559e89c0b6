import { readFileSync } from 'node:fs';
import { FenixError, messageOf } from '../common/errors.js';
import { parseIni } from './ini.js';
import type { OptionSpec, Section } from './options.js';
import { SECTIONS } from './sections/index.js';

/** The texts given for one option (several only for repeatable ones), and where. */
export interface Given {
  readonly texts: readonly string[];
  /** For errors, e.g. `/etc/fenix/fenix.conf, line 7`. */
  readonly origin: string;
}

/** Values by section and option, as they would stand in a file. */
export type Values = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/** Values as the environment variables that give them, see {@link Sources.addEnvironment}. */
export function asEnvironment(values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([section, options]) =>
      Object.entries(options).map(([option, value]) => [
        `OS_${section.toUpperCase()}__${option.toUpperCase()}`,
        String(value),
      ]),
    ),
  );
}

/** Environment variables that older releases took for defaults of options in DEFAULT. */
const HISTORICAL_ENVIRONMENT: Readonly<Record<string, string>> = {
  OS_USERNAME: 'workflow_user',
  OS_PASSWORD: 'workflow_password',
  OS_PROJECT_NAME: 'workflow_project',
};

const sections: Readonly<Record<string, Section>> = SECTIONS;

/** What an option accepts; undefined if there is none of that name. */
export function specOf(section: string, option: string): OptionSpec<unknown> | undefined {
  if (!Object.hasOwn(sections, section)) return undefined;
  const { options } = sections[section] as Section;
  return Object.hasOwn(options, option) ? options[option] : undefined;
}

/** Collects what the sources give, each overriding what came before it, and names what nobody knows. */
export class Sources {
  private readonly given = new Map<string, Given>();
  readonly warnings: string[] = [];

  get(section: string, option: string): Given | undefined {
    return this.given.get(`${section}.${option}`);
  }

  entries(): Array<{ readonly section: string; readonly option: string; readonly given: Given }> {
    return [...this.given].map(([key, given]) => {
      const dot = key.indexOf('.');
      return { section: key.slice(0, dot), option: key.slice(dot + 1), given };
    });
  }

  addValues(values: Values, origin: string): void {
    for (const [section, options] of Object.entries(values)) {
      for (const [option, value] of Object.entries(options)) this.add(section, option, [String(value)], origin);
    }
  }

  addHistoricalEnvironment(env: NodeJS.ProcessEnv): void {
    for (const [name, option] of Object.entries(HISTORICAL_ENVIRONMENT)) {
      const value = env[name];
      if (value !== undefined) this.add('DEFAULT', option, [value], `environment variable ${name}`);
    }
  }

  /** Later files win; the values of a repeatable option add up over all of them. */
  addFiles(files: readonly string[]): void {
    const repeated = new Map<string, string[]>();
    for (const file of files) {
      for (const { section, option, value, line } of parseIni(read(file), file)) {
        const name = knownSection(section);
        const key = `${name}.${option}`;
        const isMulti = name !== undefined && specOf(name, option)?.multi === true;
        const texts = isMulti ? [...(repeated.get(key) ?? []), value] : [value];
        repeated.set(key, texts);
        this.add(section, option, texts, `${file}, line ${line}`);
      }
    }
  }

  /** `OS_<GROUP>__<OPTION>`, upper case, as oslo.config's environment driver reads it. */
  addEnvironment(env: NodeJS.ProcessEnv): void {
    for (const [name, value] of Object.entries(env)) {
      const [, group = '', option = ''] = /^OS_([A-Z0-9_]+?)__([A-Z0-9_]+)$/.exec(name) ?? [];
      const section = group === 'DEFAULT' ? group : group.toLowerCase();
      if (value === undefined || !Object.hasOwn(sections, section)) continue; // of other OpenStack services
      this.add(section, option.toLowerCase(), [value], `environment variable ${name}`);
    }
  }

  private add(section: string, written: string, texts: readonly string[], origin: string): void {
    const name = knownSection(section);
    const option = sections[name ?? '']?.aliases?.[written] ?? written;
    if (name === undefined) {
      this.warn(`${origin}: there is no section [${section}].`);
    } else if (specOf(name, option) !== undefined) {
      this.given.set(`${name}.${option}`, { texts, origin });
    } else if (!sections[name]?.retired.includes(option)) {
      this.warn(`${origin}: there is no option ${option} in section [${name}].`);
    }
  }

  private warn(sentence: string): void {
    if (!this.warnings.includes(sentence)) this.warnings.push(sentence);
  }
}

/** Names of sections are read in any case, DEFAULT only as it stands (as oslo.config does). */
function knownSection(name: string): string | undefined {
  if (name === 'DEFAULT') return name;
  const lower = name.toLowerCase();
  return Object.hasOwn(sections, lower) ? lower : undefined;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FenixError('input', 'config-file', `Configuration file ${file}: ${messageOf(cause)}.`, { cause });
  }
}
