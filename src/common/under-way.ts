import { channel } from 'node:diagnostics_channel';

/** Published when work begins, and when it has ended in whatever way, that shows in no request and no query. */
export const WORK_BEGAN = 'fenix:work:began';
export const WORK_ENDED = 'fenix:work:ended';

const began = channel(WORK_BEGAN);
const ended = channel(WORK_ENDED);

/** Each call with true is followed by one with false. */
export function tellWork(isUnderWay: boolean): void {
  (isUnderWay ? began : ended).publish({});
}

/** Does `work`, so that whoever waits until nothing is under way in the process knows of it. */
export async function underWay<T>(work: () => Promise<T>): Promise<T> {
  tellWork(true);
  try {
    return await work();
  } finally {
    tellWork(false);
  }
}
