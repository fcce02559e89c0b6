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

  constructor(private readonly cloud: Pick<CloudPort, 'serversChanged'>) {}

  /** As they are at `now` or later; several may read at a time. @throws FenixError */
  async read(now: Date): Promise<Server[]> {
    const { last } = this;
    const isWhole = last === undefined || now >= plusSeconds(last.wholeAt, WHOLE_EVERY_S);
    const since = isWhole ? undefined : plusSeconds(last.latest, -OVERLAP_S);
    const { changed, gone, latest } = await this.cloud.serversChanged(since);
    const servers = new Map(isWhole ? [] : last.servers);
    for (const server of changed) servers.set(server.id, server);
    for (const id of gone) servers.delete(id);
    this.keep(servers, now, isWhole ? now : last.wholeAt, latest ?? (isWhole ? undefined : last.latest));
    return [...servers.values()];
  }

  /** What began later knows more. */
  private keep(servers: Reading['servers'], at: Date, wholeAt: Date, latest: Date | undefined): void {
    if (this.last !== undefined && this.last.at > at) return;
    this.last = latest && { servers, at, wholeAt, latest };
  }
}
