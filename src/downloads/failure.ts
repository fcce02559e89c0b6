import { FenixError } from '../common/errors.js';

/** Trying again cannot help. */
export function unfit(message: string, cause?: unknown): FenixError {
  return new FenixError('terminal', 'download-failed', message, { cause });
}

/** Trying again may help. */
export function brokenOff(message: string, details: { readonly cause?: unknown; readonly retryAfterS?: number } = {}) {
  return new FenixError('transient', 'download-failed', message, details);
}
