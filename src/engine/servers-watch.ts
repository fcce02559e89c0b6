import { plusSeconds } from '../common/clock.js';
import type { CloudPort, Server } from '../workflow/cloud-port.js';

/**
 * Nova's times are those of its several machines, and what was written earlier may be seen later: what changed so long
 * before the latest known change is asked for once more, seconds.
 */
const OVERLAP_S = 60;
/** What Nova does not count as a change of a server (its addresses, its zone) is seen after that, seconds. */
const WHOLE_EVERY_S = 300;

interface Reading {
  readonly servers: ReadonlyMap<string, Server>;
  /** Our own time when it began. */
  readonly at: Date;
  /** When all of them were last read. */
  readonly wholeAt: Date;
  /** Nova's time of the latest change. */
  readonly latest: Date;
}

/** All servers of a cloud, read as a whole now and then, and between that only what changed. */
export class ServersWatch {
  private last: Reading | undefined;
  /** For each reading of all that is under way: what others saw to have changed or gone meanwhile, by id. */
  private readonly meanwhile = new Set<Map<string, Server | undefined>>();

  constructor(private readonly cloud: Pick<CloudPort, 'serversChanged'>) {}

  /** As they are at `now` or later; several may read at a time. @throws FenixError */
  async read(now: Date): Promise<Server[]> {
    const { last } = this;
    // To read all of a large cloud takes long: one such reading is enough, and nobody who comes meanwhile waits for it.
    const isDue = last !== undefined && now >= plusSeconds(last.wholeAt, WHOLE_EVERY_S) && this.meanwhile.size === 0;
    const servers = last === undefined || isDue ? await this.readAll(now) : await this.readChanges(now, last);
    return [...servers.values()];
  }

  private async readAll(now: Date): Promise<Reading['servers']> {
    const meanwhile = new Map<string, Server | undefined>();
    this.meanwhile.add(meanwhile);
    try {
      const { changed, latest } = await this.cloud.serversChanged(undefined);
      const servers = new Map(changed.map((server) => [server.id, server]));
      apply(meanwhile, servers);
      const { last } = this;
      if (last !== undefined && last.wholeAt > now) return servers;
      if (latest === null) this.last = undefined;
      else if (last === undefined) this.last = { servers, at: now, wholeAt: now, latest };
      // Its pages were read one after the other: what changed since the first of them is still to be asked for.
      else this.last = { servers, at: later(last.at, now), wholeAt: now, latest: earlier(last.latest, latest) };
      return servers;
    } finally {
      this.meanwhile.delete(meanwhile);
    }
  }

  private async readChanges(now: Date, before: Reading): Promise<Reading['servers']> {
    // Who began after this one may know more.
    const readings = [...this.meanwhile];
    const { changed, gone, latest } = await this.cloud.serversChanged(plusSeconds(before.latest, -OVERLAP_S));
    const changes = new Map<string, Server | undefined>(changed.map((server) => [server.id, server]));
    for (const id of gone) changes.set(id, undefined);
    for (const others of readings) for (const [id, server] of changes) others.set(id, server);
    const { last = before } = this;
    // What began later knows more.
    const isLatest = last.at <= now;
    const known = isLatest ? last : before;
    const servers = new Map(known.servers);
    apply(changes, servers);
    if (isLatest) this.last = { ...known, servers, at: now, latest: latest ?? known.latest };
    return servers;
  }
}

const later = (a: Date, b: Date): Date => (a > b ? a : b);
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);

/** Takes over what has changed, and takes away what is gone. */
function apply(changes: ReadonlyMap<string, Server | undefined>, to: Map<string, Server>): void {
  for (const [id, server] of changes) {
    if (server === undefined) to.delete(id);
    else to.set(id, server);
  }
}
