import { FenixError } from '../common/errors.js';

/** A broker of a cluster, with what to log in with there. */
export interface TransportHost {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A transport_url, taken apart. */
export interface TransportUrl {
  readonly kind: 'memory' | 'rabbit';
  readonly hosts: readonly TransportHost[];
  readonly virtualHost: string;
  /** Options of [oslo_messaging_rabbit] that hold for this URL. */
  readonly query: Readonly<Record<string, string>>;
  /** Sentences about what is allowed but rarely meant. */
  readonly warnings: readonly string[];
}

const RABBIT_SCHEMES = ['rabbit', 'kombu', 'kombu+amqp'];
const DEFAULT_PORT = 5672;

/**
 * Reads `rabbit://[user:password@]host[:port][,…][/virtual_host][?option=value&…]` as oslo.messaging does, and
 * `memory://`.
 * @throws FenixError `transport-url`, which never shows a password
 */
export function parseTransportUrl(url: string): TransportUrl {
  const [, scheme, authority = '', path = '', query = ''] =
    /^([\w+.-]+):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/.exec(url) ?? [];
  if (scheme === undefined) throw refused('it has no scheme; write rabbit://user:password@host:port/virtual_host');
  if (scheme === 'memory') return { kind: 'memory', hosts: [], virtualHost: '/', query: {}, warnings: [] };
  if (scheme === 'amqp') throw refused('amqp:// stands for AMQP 1.0, which Fenix does not speak; write rabbit://');
  if (!RABBIT_SCHEMES.includes(scheme)) throw refused(`${scheme}:// is not known; write rabbit:// or memory://`);
  if (url.includes('#')) throw refused('a # in a password must be written as %23');
  const parts = authority.split(',').filter((part) => part !== '');
  const hosts = (parts.length > 0 ? parts : ['localhost']).map(parseHost);
  return {
    kind: 'rabbit',
    hosts,
    virtualHost: unquote(path.replace(/^\//, '')) || '/',
    query: parseQuery(query),
    warnings: warningsAbout(parts),
  };
}

/** User and password are divided at the first colon, credentials and host at the last @. */
function parseHost(part: string): TransportHost {
  const at = part.lastIndexOf('@');
  const [user = '', ...password] = part.slice(0, Math.max(at, 0)).split(':');
  const [, host, port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(part.slice(at + 1)) ?? [];
  if (host === undefined || port.includes(':')) throw refused('an IPv6 address stands in brackets');
  if (!/^\d*$/.test(port) || Number(port) > 65535) throw refused(`the port of host ${host} is no number up to 65535`);
  return {
    host: host.replace(/^\[|\]$/g, '') || 'localhost',
    port: port === '' ? DEFAULT_PORT : Number(port),
    ...(at < 1 ? { user: 'guest', password: 'guest' } : { user: unquote(user), password: unquote(password.join(':')) }),
  };
}

/** A repeated key is joined with commas, as for a list; an empty value counts as absent. */
function parseQuery(query: string): Record<string, string> {
  const options: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(query)) {
    if (value !== '') options[key] = key in options ? `${options[key]},${value}` : value;
  }
  return options;
}

function warningsAbout(hosts: readonly string[]): string[] {
  const bare = hosts.filter((host) => !host.includes('@'));
  if (bare.length === 0 || bare.length === hosts.length) return [];
  return [`In the transport_url ${bare.join(', ')} has no user and password of its own: guest is used there.`];
}

/** As Python's unquote: what is no percent-encoding stays as it is. */
function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) =>
    Buffer.from(encoded.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

function refused(why: string): FenixError {
  return new FenixError('input', 'transport-url', `The transport_url cannot be used: ${why}.`);
}
