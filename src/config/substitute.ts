/** `$option`, `$group.option`, either in braces, `$$` and `\$` for a dollar sign: oslo.config's (Python's) templates. */
const REFERENCE = /\\\$|\$\$|\$\{([_a-z][._a-z0-9]*)\}|\$([_a-z][._a-z0-9]*)/gi;

/** Where an option's text comes from; undefined if there is no such option. */
export type Lookup = (section: string, option: string) => string | undefined;

/** A reference that leads nowhere, or back to itself. */
export class BadReference extends Error {
  constructor(readonly reference: string) {
    super(reference);
  }
}

/**
 * `text` with all references replaced, those in the replacements too. A bare name means an option of the same section,
 * else one of DEFAULT. A dollar sign that begins no name stays.
 * @throws BadReference
 */
export function substitute(text: string, section: string, lookup: Lookup, trail: readonly string[] = []): string {
  return text.replace(REFERENCE, (_match, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    const dot = name.indexOf('.');
    const places =
      dot < 0
        ? [
            [section, name],
            ['DEFAULT', name],
          ]
        : [[name.slice(0, dot), name.slice(dot + 1)]];
    for (const [group = '', option = ''] of places) {
      const found = lookup(group, option);
      const key = `${group}.${option}`;
      if (found === undefined) continue;
      if (trail.includes(key)) throw new BadReference(name);
      return substitute(found, group, lookup, [...trail, key]);
    }
    throw new BadReference(name);
  });
}
