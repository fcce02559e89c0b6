import { plusSeconds } from '../../../src/common/clock.js';
import { FenixError } from '../../../src/common/errors.js';
import type { ProgramResult } from '../../../src/workflow/action-tools.js';
import type { ActionContext } from '../../../src/workflow/contract.js';
import { wordsOf } from '../programs.js';

const LOOK_AGAIN_S = 10;

/**
 * Runs until the lock that `isLocked` sees was not in the way: the night's own unattended upgrade ends some time.
 * @param limitS domain seconds
 * @throws FenixError `package-lock`
 */
export async function unlocked(
  { clock, signal, log, host }: ActionContext,
  limitS: number,
  isLocked: RegExp,
  run: () => Promise<ProgramResult>,
): Promise<ProgramResult> {
  const deadline = plusSeconds(clock.now(), limitS);
  for (;;) {
    const result = await run();
    if (result.code === 0 || !isLocked.test(result.stdout + result.stderr)) return result;
    if (clock.now() >= deadline) {
      const message = `Another package manager was at work on ${host} for more than ${limitS} s${wordsOf(result)}`;
      throw new FenixError('terminal', 'package-lock', message);
    }
    log.info({ reason: wordsOf(result) }, 'another package manager is at work, waiting for it');
    await clock.sleep(plusSeconds(clock.now(), Math.max(1, Math.min(LOOK_AGAIN_S, limitS))), signal);
  }
}
