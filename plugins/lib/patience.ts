import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import type { ActionContext } from '../../src/workflow/contract.js';

const TRIES = 5;
const WAIT_S = 10;

/**
 * Does `work`, which has to bear being done again, once more where the cloud turned it away for the moment: it could not be
 * reached, has too much to do, or is in a state (409) that may pass. About a minute in all.
 * @throws the last refusal, any other error at once
 */
export async function patiently<T>({ clock, signal, log }: ActionContext, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof FenixError && (error.retryable || error.kind === 'conflict');
      if (!mayPass || tries === TRIES) throw error;
      log.info({ code: error.code, reason: error.message, tries }, 'the cloud refused an action for the moment');
      await clock.sleep(plusSeconds(clock.now(), error.retryAfterS ?? WAIT_S), signal);
    }
  }
}

/**
 * Asks until there is nothing left that is missing, every `pollS` domain seconds.
 * @param missing what still is, as a sentence; undefined when nothing is
 * @throws FenixError of the given code with the last sentence, when `until` has come
 */
export async function untilThere(
  { clock, signal, log }: ActionContext,
  missing: () => Promise<string | undefined>,
  { until, code, pollS = 5 }: { readonly until: Date; readonly code: string; readonly pollS?: number },
): Promise<void> {
  for (let told = ''; ; ) {
    const sentence = await missing();
    if (sentence === undefined) return;
    if (clock.now() >= until) throw new FenixError('terminal', code, sentence);
    if (sentence !== told) log.info({ until }, sentence);
    told = sentence;
    await clock.sleep(plusSeconds(clock.now(), pollS), signal);
  }
}
