import { FenixError } from '../common/errors.js';

/** A name, or an address of either kind: never anything that ssh could take for an option or for user@host. */
const ADDRESS = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)$/;

/** Where ssh finds a host. @throws FenixError `address` */
export function addressOf(template: string, host: string): string {
  const address = template.replaceAll('{host}', () => host);
  if (ADDRESS.test(address)) return address;
  const message = `"${address}" is no address to connect to: a host name (letters, digits, ".", "-", "_") or an IP address is allowed.`;
  throw new FenixError('terminal', 'address', message);
}
