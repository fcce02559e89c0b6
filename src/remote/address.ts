import { FenixError } from '../common/errors.js';

/** A name, or an address of either kind: never anything that ssh could take for an option or for user@host. */
const ADDRESS = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)$/;

/** The IP address that the cloud knows a host by. */
export type HostIp = (host: string, signal: AbortSignal) => Promise<string | undefined>;

/**
 * Where ssh finds a host.
 * @param template in which `{host}` and `{host_ip}` are replaced
 * @throws FenixError `address`, and what the question for the IP address throws
 */
export async function addressOf(template: string, host: string, hostIp: HostIp, signal: AbortSignal): Promise<string> {
  const ip = template.includes('{host_ip}') ? await hostIp(host, signal) : '';
  if (ip === undefined) {
    const message = `Nova has no hypervisor of ${host}, and so no {host_ip}, which address in section [remote] asks for.`;
    throw new FenixError('terminal', 'address', message);
  }
  const address = template.replaceAll('{host}', () => host).replaceAll('{host_ip}', () => ip);
  if (ADDRESS.test(address)) return address;
  const message = `"${address}" is no address to connect to: a host name (letters, digits, ".", "-", "_") or an IP address is allowed.`;
  throw new FenixError('terminal', 'address', message);
}
