import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Balancer {
  /** Without a path. */
  readonly url: string;
  stop(): Promise<void>;
}

/** How long a client waits for an API to be up, milliseconds. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 50;

/**
 * One address for several API processes, as HAProxy gives it to a cloud: each connection goes to the next of them that
 * takes it.
 */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer({ pauseOnConnect: true }, (client) => {
    keep(open, client);
    const limit = performance.now() + PATIENCE_MS;
    const dial = (): void => {
      const port = ports[turn % ports.length] as number;
      turn += 1;
      const upstream = connect(port, '127.0.0.1');
      const refused = (): void => {
        if (client.destroyed || performance.now() >= limit) client.destroy();
        else setTimeout(dial, PAUSE_MS);
      };
      upstream.once('error', refused);
      upstream.once('connect', () => {
        upstream.off('error', refused);
        keep(open, upstream);
        join(client, upstream);
      });
    };
    dial();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

function keep(open: Set<Socket>, socket: Socket): void {
  open.add(socket);
  // What follows is its close.
  socket.on('error', () => undefined);
  socket.once('close', () => open.delete(socket));
}

/** Whatever ends one ends the other. */
function join(client: Socket, upstream: Socket): void {
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    socket.once('close', () => other.destroy());
    socket.pipe(other);
  }
  if (client.destroyed) upstream.destroy();
}
