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
/** Pairs that are tried the other way round. */
const SWAPS = 800;

/**
 * Puts hosts in the order in which all are done soonest, each begun as soon as there is room for all its instances, as far as
 * trial finds it: another one first, then pairs of them the other way round. Where several are as good it is the first.
 * @param expected room that is free, and that is given back by what is going on, by time
 */
export function soonestOrder<T>(hosts: readonly T[], workOf: (host: T) => EndingWork, expected: readonly Given[]): T[] {
  const entries = hosts.map((host) => ({ host, work: workOf(host) }));
  const order = new Order(entries, expected);
  order.tryFirst();
  order.trySwaps();
  return order.best.map(({ host }) => host);
}

/** A difference in seconds that is none. */
const EXACT = 1e-6;

interface Entry<T> {
  readonly host: T;
  readonly work: EndingWork;
}

/** The best order that was found so far. */
class Order<T> {
  private soonest: number;

  constructor(
    public best: readonly Entry<T>[],
    private readonly expected: readonly Given[],
  ) {
    this.soonest = this.endOf(best);
  }

  tryFirst(): void {
    const hosts = this.best;
    const stride = Math.ceil(hosts.length / TRIED);
    for (let first = stride; first < hosts.length; first += stride) {
      this.try([...hosts.slice(first, first + 1), ...hosts.slice(0, first), ...hosts.slice(first + 1)]);
    }
  }

  trySwaps(): void {
    const { length } = this.best;
    if (length < 2) return;
    for (let swap = 1; swap <= SWAPS; swap += 1) {
      const one = Math.floor(length * ((swap * SPREAD[0]) % 1));
      const other = Math.floor(length * ((swap * SPREAD[1]) % 1));
      if (one === other) continue;
      const order = [...this.best];
      [order[one], order[other]] = [order[other] as Entry<T>, order[one] as Entry<T>];
      this.try(order);
    }
  }

  private try(order: readonly Entry<T>[]): void {
    const end = this.endOf(order);
    if (end >= this.soonest - EXACT) return;
    this.soonest = end;
    this.best = order;
  }

  private endOf(order: readonly Entry<T>[]): number {
    const releases = new Releases(this.expected);
    let end = 0;
    for (const { work } of order) end = Math.max(end, releases.begin(work));
    return end;
  }
}

/** Multiples of these two cover a square evenly, with never a pair twice (the powers of the plastic number). */
const SPREAD = [0.7548776662466927, 0.5698402909980532] as const;

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
