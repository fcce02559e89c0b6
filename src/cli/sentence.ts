import { FenixError, messageOf } from '../common/errors.js';
import { authFailure } from './auth/connect.js';
import { spokenText } from './text.js';

/** What went wrong, in one line for people: with its code, what to know before one tries again, and no passwords. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof FenixError)) return spokenText(messageOf(error));
  const { code, field, retryAfterS, requestId } = error;
  const facts = [code, field && `field ${field}`, requestId].filter(Boolean).join(', ');
  return spokenText(
    [
      authFailure(error) ?? error.message,
      `(${facts})`,
      ...(error.inDoubt ? ['It may have been carried out all the same: look before you try again.'] : []),
      ...(retryAfterS === undefined ? [] : [`Try again in ${retryAfterS} s.`]),
    ].join(' '),
  );
}
