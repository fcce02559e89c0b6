/** What a host does to the room of others, in one resource. */
export interface EndingWork {
  /** Room that its instances want elsewhere. */
  readonly wants: number;
  /** Room that it gives once it is done. */
  readonly gives: number;
  readonly lastsS: number;
}

/** Room from a time on. */
interface Given {
  readonly at: number;
  readonly room: number;
}

/** Hosts that are tried as the first one. */
const TRIED = 40;

/**
 * Puts first the host with which all are done soonest if the others follow in their order, each as soon as there is room for
 * all its instances. Where several are as good, that is the first of them.
 * @param expected room that is free, and that is given back by what is going on, by time
 */
export function soonestFirst<T>(hosts: readonly T[], workOf: (host: T) => EndingWork, expected: readonly Given[]): T[] {
  const works = hosts.map(workOf);
  const stride = Math.ceil(hosts.length / TRIED);
  let best = 0;
  let soonest = Number.POSITIVE_INFINITY;
  for (let first = 0; first < works.length; first += stride) {
    const end = endOf(works, first, expected);
    if (end >= soonest - EXACT) continue;
    soonest = end;
    best = first;
  }
  return [...hosts.slice(best, best + 1), ...hosts.slice(0, best), ...hosts.slice(best + 1)];
}

/** A difference in seconds that is none. */
const EXACT = 1e-6;

function endOf(works: readonly EndingWork[], first: number, expected: readonly Given[]): number {
  const releases = new Releases(expected);
  let end = 0;
  const begin = (work: EndingWork | undefined): void => {
    if (work !== undefined) end = Math.max(end, releases.begin(work));
  };
  begin(works[first]);
  for (const [index, work] of works.entries()) if (index !== first) begin(work);
  return end;
}

/** Room as it is given and taken. */
class Releases {
  /** By time; those before `next` were taken in already. */
  private readonly list: Given[];
  private next = 0;
  private free = 0;
  private now = 0;

  constructor(expected: readonly Given[]) {
    this.list = [...expected];
  }

  /** @returns when it is done */
  begin({ wants, gives, lastsS }: EndingWork): number {
    while (this.free < wants) {
      const release = this.list[this.next];
      if (release === undefined) break;
      this.next += 1;
      this.free += release.room;
      this.now = Math.max(this.now, release.at);
    }
    this.free -= wants;
    const at = this.now + lastsS;
    let place = this.list.length;
    while (place > this.next && (this.list[place - 1] as Given).at > at) place -= 1;
    this.list.splice(place, 0, { at, room: gives });
    return at;
  }
}
