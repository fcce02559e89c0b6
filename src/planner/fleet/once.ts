/** A host for the bound of schedules that move each instance once, in one resource. */
export interface OnceHost {
  /** What it has free for others once it is done. */
  readonly gives: number;
  /** Room × time that its instances take elsewhere before it is done: at least that. */
  readonly work: number;
  /** Before that it cannot be done. */
  readonly earliestS: number;
}

/**
 * Least time in which all hosts are done if instances go to maintained hosts only: those that have left hosts which are not
 * done sit in the room `outside` and in what done hosts give. So work goes on no faster than that room, which grows no
 * faster than work on the hosts that give the most for the least. Infinity if nothing can ever begin.
 */
export function onceBound(hosts: readonly OnceHost[], outside: number): number {
  const free = hosts.filter(({ work }) => work === 0).sort((a, b) => a.earliestS - b.earliestS);
  const queue = hosts.filter(({ work }) => work > 0).sort((a, b) => b.gives * a.work - a.gives * b.work);
  let now = 0;
  let room = outside;
  for (const { gives, work } of queue) {
    const growth = gives / work;
    let left = work;
    while (left > 0) {
      const next = free[0];
      const needed = timeFor(left, room, growth);
      if (next !== undefined && next.earliestS < now + needed) {
        const passed = Math.max(0, next.earliestS - now);
        const done = Math.min(left, workIn(passed, room, growth));
        left -= done;
        room += growth * done + next.gives;
        now += passed;
        free.shift();
      } else if (Number.isFinite(needed)) {
        now += needed;
        room += growth * left;
        left = 0;
      } else return Number.POSITIVE_INFINITY;
    }
  }
  return Math.max(now, ...hosts.map(({ earliestS }) => earliestS));
}

/** While work goes on at the rate of the room, and the room grows with the work. */
function timeFor(work: number, room: number, growth: number): number {
  if (room <= 0) return Number.POSITIVE_INFINITY;
  return growth === 0 ? work / room : Math.log1p((growth * work) / room) / growth;
}

function workIn(time: number, room: number, growth: number): number {
  return growth === 0 ? room * time : (room * Math.expm1(growth * time)) / growth;
}
