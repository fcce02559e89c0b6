import type { Resources } from '../../model/index.js';
import { type Amount, add, amountOf, nothing } from './amount.js';

/** Room that is expected to be there from a time on. */
export interface Release {
  readonly at: number;
  readonly room: Resources;
}

/** Moves that are expected `abreast` at a time, each `moveS` long, from `from` on; a round that is not full comes first. */
export interface Demand {
  readonly from: number;
  readonly moves: number;
  readonly abreast: number;
  readonly moveS: number;
  readonly room: Resources;
}

/** A release, and what is left just before it. */
interface Instant {
  readonly at: number;
  readonly room: Resources;
  readonly left: Amount;
}

/**
 * Whether the free room of a zone and what maintained hosts will give back lasts for hosts to be emptied without a pause.
 * A host that waits half emptied is the worst of all: its room serves nobody. One whose room is not there as a whole yet,
 * but will be in time, may begin.
 */
export class Forecast {
  /** By time; the last one is after all that is expected. */
  private readonly instants: Instant[];
  private readonly demands: Demand[];

  constructor(
    free: Resources,
    releases: readonly Release[],
    demands: readonly Demand[],
    private readonly now: number,
  ) {
    this.demands = [...demands];
    const sum = amountOf(free);
    const byTime = [...releases].sort((a, b) => a.at - b.at);
    // Who has begun with everything is taken away once, for all that comes after.
    const going = [...demands].sort((a, b) => lastBegins(b) - lastBegins(a));
    this.instants = [...byTime, END].map(({ at, room }) => {
      for (let next = going.at(-1); next !== undefined && lastBegins(next) < at && this.now < at; next = going.at(-1)) {
        add(sum, next.room, -begunBefore(next, at, this.now));
        going.pop();
      }
      const left = amountOf(sum);
      for (const demand of going) add(left, demand.room, -begunBefore(demand, at, this.now));
      add(sum, room);
      return { at, room, left };
    });
  }

  /** Whether there is room for one more from its first to its last move. */
  bears(demand: Demand, release: Release): boolean {
    for (const { at, left } of this.instants) {
      if (at <= demand.from) continue;
      if (!isThere(demand, at, left)) return false;
      // Behind its own release it is no burden any more.
      if (at > release.at) break;
    }
    return true;
  }

  /** What is there when all that is expected has happened. */
  get total(): Resources {
    return this.instants.at(-1)?.left ?? nothing();
  }

  /** What is expected to be given back, by time, with the room of before that nobody will take. */
  get expected(): readonly Release[] {
    const all = this.instants.slice(0, -1).map(({ at, room }) => ({ at, room }));
    const given = nothing();
    for (const { room } of all) add(given, room);
    const before = amountOf(this.total);
    add(before, given, -1);
    return [{ at: this.now, room: before }, ...all];
  }

  /** One more begins. */
  add(demand: Demand, { at, room }: Release): void {
    const index = this.instants.findIndex((instant) => instant.at > at);
    const next = this.instants[index] as Instant;
    const left = amountOf(next.left);
    for (const other of this.demands) {
      add(left, other.room, begunBefore(other, next.at, this.now) - begunBefore(other, at, this.now));
    }
    this.instants.splice(index, 0, { at, room, left });
    for (const [position, instant] of this.instants.entries()) {
      if (position > index) add(instant.left, room);
      add(instant.left, demand.room, -begunBefore(demand, instant.at, this.now));
    }
    this.demands.push(demand);
  }
}

const END: Release = { at: Number.POSITIVE_INFINITY, room: nothing() };

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

const lastBegins = ({ from, moves, abreast, moveS }: Demand): number =>
  moves === 0 ? from : from + (Math.ceil(moves / abreast) - 1) * moveS;

/** Which part of the demand's moves has begun before `at`. */
function begunBefore({ from, moves, abreast, moveS }: Demand, at: number, now: number): number {
  if (moves === 0 || at <= Math.max(from, now)) return 0;
  if (moveS <= 0 || !Number.isFinite(at) || !Number.isFinite(abreast)) return 1;
  const roundsLeft = Math.ceil(moves / abreast) - Math.ceil((at - from) / moveS);
  return Math.min(1, (moves - abreast * Math.max(0, roundsLeft)) / moves);
}
