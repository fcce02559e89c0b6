import type { Server } from './cloud-port.js';

/** By the list itself: readings of the cloud are never changed, and each is asked about by hundreds. */
const known = new WeakMap<readonly Server[], ReadonlyMap<string, Server>>();

/** The server with that id in a reading of the cloud; the first look at a reading gathers all of them. */
export function serverOf({ servers }: { readonly servers: readonly Server[] }, id: string): Server | undefined {
  let byId = known.get(servers);
  if (byId === undefined) {
    byId = new Map(servers.map((server) => [server.id, server]));
    known.set(servers, byId);
  }
  return byId.get(id);
}
