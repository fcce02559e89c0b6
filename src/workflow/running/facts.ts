import { FenixError, messageOf } from '../../common/errors.js';

/** Bytes of JSON that the facts of one run may have. */
const MOST_BYTES = 64 * 1024;

/**
 * The facts with others added, as they will be read: by value, as JSON holds them.
 * @throws FenixError `facts`; what was there before stays
 */
export function withFacts(
  facts: Readonly<Record<string, unknown>>,
  added: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = JSON.stringify({ ...facts, ...added }).toString();
  } catch (error) {
    throw new FenixError('terminal', 'facts', `Facts must be what JSON can hold: ${messageOf(error)}`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) {
    throw new FenixError('terminal', 'facts', `Facts have ${bytes} bytes; at most ${MOST_BYTES} are kept with a run.`);
  }
  return JSON.parse(text);
}
