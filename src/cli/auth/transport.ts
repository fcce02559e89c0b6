import { readFileSync } from 'node:fs';
import { messageOf } from '../../common/errors.js';
import { UsageError } from '../exit-codes.js';
import type { CloudOptions } from './options.js';

/** As the global fetch, for Keystone and Fenix alike. */
export type Transport = (url: string | URL, init: RequestInit) => Promise<Response>;

/**
 * Sends requests with the cloud's certificates, if it has any of its own.
 * @throws UsageError for a file that cannot be read
 */
export async function transportFor(options: CloudOptions): Promise<Transport> {
  const { cacert, cert, key } = options;
  const isInsecure = /^(true|yes|on|1)$/i.test(options.insecure);
  if (cacert === '' && cert === '' && !isInsecure) return (url, init) => fetch(url, init);
  const connect = {
    ...read('ca', 'OS_CACERT (--os-cacert)', cacert),
    ...read('cert', 'OS_CERT (--os-cert)', cert),
    ...read('key', 'OS_KEY (--os-key)', key),
    rejectUnauthorized: !isInsecure,
  };
  // Only who needs it waits for it to load: Node's own fetch takes no certificates.
  const { Agent, fetch: undiciFetch } = await import('undici');
  const dispatcher = new Agent({ connect });
  // The same interface, typed by another version of the same library.
  return (url, init) => undiciFetch(url, { ...(init as object), dispatcher }) as unknown as Promise<Response>;
}

function read(name: 'ca' | 'cert' | 'key', option: string, file: string): object {
  if (file === '') return {};
  try {
    return { [name]: readFileSync(file) };
  } catch (error) {
    throw new UsageError(`${option}: ${messageOf(error)}.`);
  }
}
