import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { FenixError, messageOf } from '../common/errors.js';
import type { ApiApp } from './messages.js';

export interface ServerLimits {
  /** Longest time for a request's headers to come, milliseconds. */
  readonly headersTimeoutMs: number;
  /** Longest time for a whole request to come, milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays, milliseconds; longer than a load balancer's, or it will see resets. */
  readonly keepAliveTimeoutMs: number;
  /** Tokens with a catalog in them may be long. */
  readonly maxHeaderBytes: number;
}

/** Names of files in PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities that must have signed clients' certificates; absent: clients need none. */
  readonly caFile?: string;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  maxHeaderBytes: 64 * 1024,
};

export interface ApiServerOptions {
  readonly app: ApiApp;
  readonly host: string;
  /** 0 = any that is free. */
  readonly port: number;
  readonly limits?: ServerLimits;
  /** Absent: plain HTTP. */
  readonly tls?: TlsFiles;
}

export interface ApiServer {
  /** As bound, without a slash at the end. */
  readonly url: string;
  /** Takes no more connections, lets requests in progress end for `graceS` seconds, then cuts them. */
  close(graceS: number): Promise<void>;
}

/** @throws FenixError `listen` (terminal) when the address cannot be had, `tls` when certificates cannot be used */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { app, host, port, tls, limits = DEFAULT_SERVER_LIMITS } = options;
  const server = serverFor(app, limits.maxHeaderBytes, tls);
  server.headersTimeout = limits.headersTimeoutMs;
  server.requestTimeout = limits.requestTimeoutMs;
  server.keepAliveTimeout = limits.keepAliveTimeoutMs;
  closeWhatBecomesIdle(server);
  await listen(server, host, port);
  const scheme = tls === undefined ? 'http' : 'https';
  return { url: urlOf(scheme, server.address() as AddressInfo), close: (graceS) => close(server, graceS) };
}

function serverFor(app: ApiApp, maxHeaderSize: number, tls: TlsFiles | undefined): Server {
  const options = { maxHeaderSize, ...app.messages };
  if (tls === undefined) return createServer(options, app);
  const { certFile, keyFile, caFile } = tls;
  try {
    const clients = caFile === undefined ? {} : { ca: readFileSync(caFile), requestCert: true };
    return createTlsServer({ ...options, cert: readFileSync(certFile), key: readFileSync(keyFile), ...clients }, app);
  } catch (cause) {
    const sentence = `The certificates in [ssl] cannot be used: ${messageOf(cause)}.`;
    throw new FenixError('terminal', 'tls', sentence, { cause });
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new FenixError('terminal', 'listen', `Cannot listen on ${host}:${port}: ${messageOf(cause)}.`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function urlOf(scheme: string, { address, family, port }: AddressInfo): string {
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Node closes connections that are idle when the server closes, but keeps those alive that become so afterwards. */
function closeWhatBecomesIdle(server: Server): void {
  server.on('request', (_req, res) => {
    res.once('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
  });
}

async function close(server: Server, graceS: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceS * 1000);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearTimeout(cut);
}
