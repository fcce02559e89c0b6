import { SystemMachineClock } from '../../src/common/clock.js';
import { isDatabaseTrouble } from '../../src/db/database.js';

const machine = new SystemMachineClock();
const PAUSE_MS = 200;
const PATIENCE_MS = 60_000;

/** Reads our database, again while that is out of reach. */
export async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (const limit = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await read();
    } catch (error) {
      if (!isDatabaseTrouble(error) || performance.now() > limit) throw error;
      await machine.sleepMs(PAUSE_MS);
    }
  }
}
