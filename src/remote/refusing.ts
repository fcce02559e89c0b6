import { FenixError } from '../common/errors.js';
import type { Programs } from '../workflow/action-tools.js';

/** Stands where programs may not be run: whoever tries learns why, and what would allow it. */
export function refusing(code: string, sentence: string): Programs {
  return { run: () => Promise.reject(new FenixError('terminal', code, sentence)) };
}
