import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FenixError, messageOf } from '../common/errors.js';

export interface ServerLimits {
  /** Longest time for a request's headers to come, milliseconds. */
  readonly headersTimeoutMs: number;
  /** Longest time for a whole request to come, milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays, milliseconds; longer than a load balancer's, or it will see resets. */
  readonly keepAliveTimeoutMs: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
};

export interface ApiServerOptions {
  readonly app: RequestListener;
  readonly host: string;
  /** 0 = any that is free. */
  readonly port: number;
  readonly limits?: ServerLimits;
}

export interface ApiServer {
  /** As bound, without a slash at the end. */
  readonly url: string;
  /** Takes no more connections, lets requests in progress end for `graceS` seconds, then cuts them. */
  close(graceS: number): Promise<void>;
}

/** Tokens with a catalog in them may be long. */
const MAX_HEADER_BYTES = 64 * 1024;

/** @throws FenixError `listen` (terminal) when the address cannot be had */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { app, host, port, limits = DEFAULT_SERVER_LIMITS } = options;
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, app);
  server.headersTimeout = limits.headersTimeoutMs;
  server.requestTimeout = limits.requestTimeoutMs;
  server.keepAliveTimeout = limits.keepAliveTimeoutMs;
  closeWhatBecomesIdle(server);
  await listen(server, host, port);
  return { url: urlOf(server.address() as AddressInfo), close: (graceS) => close(server, graceS) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new FenixError('terminal', 'listen', `Cannot listen on ${host}:${port}: ${messageOf(cause)}.`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
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
