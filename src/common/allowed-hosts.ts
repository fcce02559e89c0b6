/** Hosts that may be talked to, as an operator lists them: exact names or addresses, each with a port or without. */
export interface AllowedHosts {
  /** Whether the URL's host is listed, on this port: one without a port stands for the scheme's own. */
  includes(url: URL): boolean;
  readonly isEmpty: boolean;
}

const ENTRY = /^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]\\]+)(?::(\d{1,5}))?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/**
 * Names are compared as URLs have them: lower case, letters beyond ASCII in punycode, addresses in their usual form.
 * @param entries such as `files.example.org`, `files.example.org:8443`, `192.0.2.7`, `[2001:db8::7]:8443`
 */
export function allowedHosts(entries: readonly string[]): AllowedHosts {
  const known = new Set(entries.flatMap((entry) => partsOf(entry) ?? []));
  return {
    isEmpty: known.size === 0,
    includes: ({ protocol, hostname, port }) => {
      const standard = DEFAULT_PORTS[protocol] ?? '';
      return (
        known.has(`${hostname}:${port || standard}`) || ((port === '' || port === standard) && known.has(hostname))
      );
    },
  };
}

/** What an option that lists hosts allows, if one of its entries is something else. */
export function allowedHostsProblem(entries: readonly string[]): string | undefined {
  const bad = entries.find((entry) => partsOf(entry) === undefined);
  return bad === undefined ? undefined : `a list of hosts, each with a port or without, not "${bad}"`;
}

function partsOf(entry: string): string | undefined {
  const [, host, port] = ENTRY.exec(entry) ?? [];
  if (host === undefined || Number(port ?? 1) > 65_535 || Number(port ?? 1) < 1) return undefined;
  try {
    const { hostname } = new URL(`http://${host}/`);
    return port === undefined ? hostname : `${hostname}:${Number(port)}`;
  } catch {
    return undefined;
  }
}
