import { messageOf } from '../../common/errors.js';

const LONGEST = 2000;

/** What can be told of whatever a plug-in threw: it need be no error, and may throw when it is looked at. */
export function sentenceOf(thrown: unknown): string {
  try {
    const message = String(messageOf(thrown));
    return message.length > LONGEST ? `${message.slice(0, LONGEST)} …` : message;
  } catch {
    return 'It threw something that cannot be read.';
  }
}
