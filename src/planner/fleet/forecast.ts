import type { Resources } from '../../model/index.js';
import { type Amount, add, nothing } from './amount.js';

/** Room that is expected to be there from a time on. */
export interface Release {
  readonly at: number;
  readonly room: Resources;
}

/** Moves that are expected one after the other, `abreast` at a time, each `moveS` long, from `from` on. */
export interface Demand {
  readonly from: number;
  readonly moves: number;
  readonly abreast: number;
  readonly moveS: number;
  readonly room: Resources;
}

/**
 * Whether the free room of a zone and what maintained hosts will give back lasts for hosts to be emptied without a pause.
 * A host that waits half emptied is the worst of all: its room serves nobody. One whose room is not there as a whole yet,
 * but will be in time, may begin.
 */
export class Forecast {
  private readonly releases: Release[] = [];
  /** What is left just before the release of the same index; the last one is after all of them. */
  private left: Amount[] = [];
  private readonly demands: Demand[] = [];

  constructor(
    private readonly free: Resources,
    releases: readonly Release[],
    private readonly now: number,
  ) {
    this.releases.push(...releases);
    this.recount();
  }

  /** Adds what is going on anyway, with the release that it leads to. */
  addAll(demands: readonly Demand[], releases: readonly Release[]): void {
    this.demands.push(...demands);
    this.releases.push(...releases);
    this.recount();
  }

  /** Whether there is room for one more from its first to its last move. */
  bears(demand: Demand, release: Release): boolean {
    for (let index = 0; index < this.left.length; index += 1) {
      const at = this.releases[index]?.at ?? Number.POSITIVE_INFINITY;
      if (at <= demand.from) continue;
      if (!isThere(demand, at, this.left[index] as Amount)) return false;
      // Behind its own release it is no burden any more.
      if (at > release.at) break;
    }
    return true;
  }

  add(demand: Demand, release: Release): void {
    this.addAll([demand], [release]);
  }

  private recount(): void {
    this.releases.sort((a, b) => a.at - b.at);
    const sum = nothing();
    add(sum, this.free);
    this.left = [];
    for (let index = 0; index <= this.releases.length; index += 1) {
      const release = this.releases[index];
      const left = nothing();
      add(left, sum);
      const at = release?.at ?? Number.POSITIVE_INFINITY;
      for (const demand of this.demands) add(left, demand.room, -begunBefore(demand, at, this.now));
      this.left.push(left);
      if (release !== undefined) add(sum, release.room);
    }
  }
}

function isThere(demand: Demand, at: number, left: Amount): boolean {
  const part = begunBefore(demand, at, demand.from);
  const { vcpus, memoryMb, diskGb } = demand.room;
  return (
    vcpus * part <= left.vcpus + SLACK &&
    memoryMb * part <= left.memoryMb + SLACK &&
    diskGb * part <= left.diskGb + SLACK
  );
}

/** Parts are fractions; a millionth of a megabyte is none. */
const SLACK = 1e-6;

/** Which part of the demand's moves has begun before `at`. */
function begunBefore({ from, moves, abreast, moveS }: Demand, at: number, now: number): number {
  if (moves === 0 || at <= Math.max(from, now)) return 0;
  if (moveS <= 0 || !Number.isFinite(at) || !Number.isFinite(abreast)) return 1;
  return Math.min(1, (abreast * Math.ceil((at - from) / moveS)) / moves);
}
