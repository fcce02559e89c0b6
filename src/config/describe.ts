import { type Config, camelCase } from './config.js';
import type { OptionSpec, Section } from './options.js';
import { SECTIONS } from './sections/index.js';

const MASK = '****';

/** All values by `section.option`, fit for a log: without passwords, and without credentials in URLs. */
export function describe(config: Config): Record<string, string> {
  const shown: Record<string, string> = {};
  const values = config as unknown as Record<string, Record<string, unknown>>;
  for (const [section, { options }] of Object.entries<Section>(SECTIONS)) {
    for (const [option, spec] of Object.entries(options)) {
      shown[`${section}.${option}`] = masked(values[camelCase(section)]?.[camelCase(option)], spec);
    }
  }
  return shown;
}

function masked(value: unknown, { secret }: OptionSpec<unknown>): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '');
  if (secret === undefined || text === '') return text;
  return secret === 'url' ? maskUrl(text) : MASK;
}

/** Scheme and last host of a URL; what stands before or behind may hold credentials (also of several brokers). */
export function maskUrl(url: string): string {
  const scheme = /^[\w+]+:\/\//.exec(url)?.[0];
  if (scheme === undefined) return MASK;
  const [rest = ''] = url.slice(scheme.length).split('?');
  const at = rest.lastIndexOf('@');
  return at < 0 ? scheme + rest : `${scheme}${MASK}${rest.slice(at)}`;
}
