import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import type { ActionContext } from '../../src/workflow/contract.js';

/** Domain seconds between tries where the cloud turned something away. */
const CLOUD_WAITS_S = [10, 10, 10, 10];

/**
 * Does `work`, which has to bear being done again, once more after each of `waitsS` (domain seconds, or what the refusal
 * itself asks for).
 * @throws the last refusal, any other error at once
 */
export async function repeatedly<T>(
  { clock, signal, log }: ActionContext,
  work: () => Promise<T>,
  mayPass: (error: FenixError) => boolean,
  waitsS: readonly number[],
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const waitS = waitsS[tries];
      if (!(error instanceof FenixError && mayPass(error)) || waitS === undefined) throw error;
      log.info(
        { code: error.code, reason: error.message, tries: tries + 1 },
        'refused for the moment, trying again soon',
      );
      await clock.sleep(plusSeconds(clock.now(), error.retryAfterS ?? waitS), signal);
    }
  }
}

/**
 * Asks the cloud, and once more where it could not be reached, has too much to do, or is in a state (409) that may pass.
 * @throws the last refusal, any other error at once
 */
export function patiently<T>(context: ActionContext, work: () => Promise<T>): Promise<T> {
  return repeatedly(context, work, (error) => error.retryable || error.kind === 'conflict', CLOUD_WAITS_S);
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
