import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** JSON unless it is a string. */
  readonly body?: unknown;
}

/** What to answer: `hang-up` breaks the connection, `silence` leaves it open. */
export type Handler = (request: Arrived) => Reply | 'hang-up' | 'silence' | Promise<Reply>;

export interface HttpDouble {
  readonly url: string;
  readonly arrived: Arrived[];
  close(): Promise<void>;
}

/** A real HTTP server on 127.0.0.1 that answers as a test says and keeps what it was asked. */
export async function httpDouble(handler: Handler): Promise<HttpDouble> {
  const arrived: Arrived[] = [];
  const server = createServer(async (req, res) => {
    let text = '';
    for await (const chunk of req) text += chunk;
    const url = new URL(req.url ?? '/', 'http://double');
    const request: Arrived = {
      method: req.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: req.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    arrived.push(request);
    const reply = await handler(request);
    if (reply === 'hang-up') req.socket.destroy();
    else if (reply !== 'silence') send(res, reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    arrived,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(res: ServerResponse, { status = 200, headers = {}, body }: Reply): void {
  const isText = typeof body === 'string';
  res.writeHead(status, { 'Content-Type': isText ? 'text/html' : 'application/json', ...headers });
  res.end(body === undefined ? undefined : isText ? body : JSON.stringify(body));
}
