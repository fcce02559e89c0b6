export type IniValue = string | number | boolean | readonly string[];
export type IniSections = Readonly<Record<string, Readonly<Record<string, IniValue>>>>;

/** The text of an oslo.config file; a list becomes an option that is repeated. */
export function ini(...parts: readonly IniSections[]): string {
  const sections = parts.flatMap((part) => Object.entries(part));
  return sections.map(([name, options]) => `[${name}]\n${Object.entries(options).map(lines).join('')}`).join('\n');
}

function lines([name, value]: readonly [string, IniValue]): string {
  const values = typeof value === 'object' ? value : [String(value)];
  return values.map((each) => `${name} = ${each}\n`).join('');
}
