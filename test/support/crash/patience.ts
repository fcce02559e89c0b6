import { setTimeout as sleep } from 'node:timers/promises';

/** Real seconds that no run needs, however slow the machine. */
const LONG_S = 90;
const POLL_MS = 15;

/** Processes can only be watched. @throws Error when `signal` aborts, or it takes longer than any run needs */
export async function until(holds: () => boolean | Promise<boolean>, signal?: AbortSignal): Promise<void> {
  const limit = performance.now() + LONG_S * 1000;
  while (!(await holds())) {
    signal?.throwIfAborted();
    if (performance.now() > limit) throw new Error(`did not come about within ${LONG_S} s`);
    await sleep(POLL_MS);
  }
}
