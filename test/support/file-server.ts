import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

/** Bytes, or whatever the story wants the server to do. */
export type Served = Buffer | ((request: IncomingMessage, answer: ServerResponse) => void);

export interface FileServer {
  /** Without slash at the end; its host is `localhost`. */
  readonly url: string;
  /** Host and port, as an operator allows them. */
  readonly host: string;
  /** What is there by path; may be changed. */
  readonly files: Map<string, Served>;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** URL of a file that is there, with its digest. */
  urlOf(path: string): string;
}

const fixture = (name: string): string => new URL(`../../../test/fixtures/tls/${name}`, import.meta.url).pathname;

/** Signed the certificate of every {@link fileServer} with `tls`. */
export const CA_FILE = fixture('ca.pem');

/** A real server of files on the loopback, gone with the test. */
export async function fileServer(
  t: ExecutionContext,
  files: Readonly<Record<string, Served>>,
  options: { readonly tls?: boolean } = {},
): Promise<FileServer> {
  const there = new Map(Object.entries(files));
  const asked: string[] = [];
  const listener: RequestListener = (request, answer) => {
    const path = request.url ?? '';
    asked.push(path);
    const served = there.get(path);
    if (typeof served === 'function') served(request, answer);
    else if (served === undefined) answer.writeHead(404).end('nothing here');
    else answer.writeHead(200, { 'Content-Length': served.length }).end(served);
  };
  const server = options.tls
    ? createSecure({ cert: readFileSync(fixture('server.pem')), key: readFileSync(fixture('server.key')) }, listener)
    : createPlain(listener);
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  const url = `${options.tls ? 'https' : 'http'}://${host}`;
  return {
    url,
    host,
    files: there,
    asked,
    urlOf: (path) => `${url}${path}#sha256=${digestOf(there.get(path))}`,
  };
}

function digestOf(served: Served | undefined): string {
  if (!Buffer.isBuffer(served)) throw new Error('what is no file has no digest');
  return createHash('sha256').update(served).digest('hex');
}
