import { type ManualClock, SystemMachineClock } from '../../common/clock.js';
import { Quiet } from '../../common/quiet.js';

const LOOK_EVERY_MS = 5;

/**
 * Begins `work` and lets a manual clock pass until it ends: whenever nothing is left to be done it goes to the next instant that somebody
 * sleeps for. To the last one, `deadline`, it goes only when `patienceMs` of real time have passed meanwhile: a plug-in that
 * does not sleep by its clock waits for something real.
 */
export async function whileTimePasses<T>(
  clock: ManualClock,
  work: () => Promise<T>,
  deadline: Date,
  patienceMs: number,
): Promise<T> {
  const machine = new SystemMachineClock();
  const quiet = new Quiet();
  let isOver = false;
  const outcome = work().finally(() => {
    isOver = true;
  });
  outcome.catch(() => undefined);
  let stillSince = machine.monotonicMs();
  try {
    for (;;) {
      await quiet.settle();
      if (isOver) return await outcome;
      const due = clock.nextDue();
      if (due === undefined) throw new Error('The plug-in waits for nothing that could come.');
      if (due < deadline || machine.monotonicMs() - stillSince > patienceMs) {
        clock.advanceTo(due);
        stillSince = machine.monotonicMs();
      } else {
        await machine.sleepMs(LOOK_EVERY_MS);
      }
    }
  } finally {
    quiet.end();
  }
}
