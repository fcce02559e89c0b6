import { request } from 'node:http';
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/** Real time that a proxy may take to open a tunnel. */
const ANSWER_MS = 30_000;

/**
 * Connections through a tunnel that an HTTP proxy opens (CONNECT, RFC 9110 §9.3.6). The library's own agent for proxies
 * tries one that hangs up again and again, without an end.
 * @param proxy an http:// URL, with user and password where it wants them
 * @param tls how the server at the other end is known
 */
export function throughProxy(proxy: URL, tls: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(tls);
  return (options, callback) => {
    const { hostname, port, protocol } = options;
    const path = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
    const asked = request({
      host: hostOf(proxy),
      port: proxy.port || 80,
      method: 'CONNECT',
      path,
      headers: login(proxy, path),
    });
    const fail = (error: Error): void =>
      callback(new Error(`proxy ${proxy.host}: ${error.message}`, { cause: error }), null);
    asked.once('error', fail);
    asked.setTimeout(ANSWER_MS, () => asked.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    asked.once('response', ({ statusCode }) => {
      asked.destroy();
      fail(new Error(`it answered ${statusCode}`));
    });
    asked.once('connect', ({ statusCode }, socket: Socket) => {
      asked.off('error', fail);
      socket.setTimeout(0);
      if (statusCode !== 200) {
        socket.destroy();
        fail(new Error(`it answered ${statusCode}`));
      } else if (protocol === 'https:') connect({ ...options, httpSocket: socket }, callback);
      else callback(null, socket);
    });
    asked.end();
  };
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function login({ username, password }: URL, host: string): Record<string, string> {
  if (username === '') return { host };
  const words = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { host, 'proxy-authorization': `Basic ${Buffer.from(words).toString('base64')}` };
}
