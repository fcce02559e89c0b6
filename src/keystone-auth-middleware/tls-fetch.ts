import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { FenixError, messageOf } from '../common/errors.js';

/** Files in PEM, as keystoneauth names the options. */
export interface TlsSettings {
  /** Certificates of the authorities to trust, in place of Node's. */
  readonly caFile?: string;
  /** Certificate of this client and its key. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The certificates of services are not checked at all. */
  readonly insecure?: boolean;
}

export type Fetch = (url: URL, init: FetchOptions) => Promise<Response>;

export interface FetchOptions {
  readonly method: string;
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Idle connections are given up before servers usually do that, as the global fetch has it. */
const IDLE_MS = 4000;

/**
 * The global fetch, and for https with TLS settings of one's own, which that cannot take, the same by Node's client.
 * @throws FenixError `config-invalid` for a file that cannot be read
 */
export function fetchWith(tls: TlsSettings | undefined): Fetch {
  if (tls === undefined) return (url, init) => fetch(url, init);
  const agent = new Agent({
    keepAlive: true,
    timeout: IDLE_MS,
    rejectUnauthorized: tls.insecure !== true,
    ...read('ca', 'cafile', tls.caFile),
    ...read('cert', 'certfile', tls.certFile),
    ...read('key', 'keyfile', tls.keyFile),
  });
  return (url, init) => (url.protocol === 'https:' ? overTls(agent, url, init) : fetch(url, init));
}

/** What fails is a TypeError with a cause, as fetch has it. */
function overTls(agent: Agent, url: URL, { method, signal, headers, body }: FetchOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(new TypeError('fetch failed', { cause }));
    const request = httpsRequest(url, { method, signal, headers, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', fail);
      answer.on('end', () => {
        const fields = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        );
        // A body, be it empty, is not allowed with some statuses.
        const content = chunks.length === 0 ? null : Buffer.concat(chunks);
        try {
          resolve(new Response(content, { status: answer.statusCode ?? 0, headers: fields }));
        } catch (error) {
          // A status that is none, or a body where none may be.
          fail(error as Error);
        }
      });
    });
    request.on('error', fail);
    request.end(body);
  });
}

function read(key: 'ca' | 'cert' | 'key', option: string, file: string | undefined) {
  if (file === undefined) return {};
  try {
    return { [key]: readFileSync(file) };
  } catch (cause) {
    throw new FenixError('input', 'config-invalid', `Option ${option}: ${messageOf(cause)}.`, { cause });
  }
}
