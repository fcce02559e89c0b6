import type { OptionSpec } from './options.js';
import type { SECTIONS } from './sections/index.js';

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<S>;

type Options<S extends { readonly options: object }> = {
  readonly [K in keyof S['options'] & string as Camel<K>]: S['options'][K] extends OptionSpec<infer T> ? T : never;
};

/**
 * Everything that can be configured, a property per section and option: `[engine] lease_time` is `engine.leaseTime`,
 * `[DEFAULT] host` is `default.host`. Times are in seconds, sizes in bytes; a text that is not set is empty.
 */
export type Config = {
  readonly [S in keyof typeof SECTIONS & string as Camel<S>]: Options<(typeof SECTIONS)[S]>;
};

/** The name of a section or option as a property. */
export function camelCase(name: string): string {
  return name.toLowerCase().replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
