import { plusSeconds } from '../common/clock.js';
import { standingWait } from '../model/index.js';
import type { SessionView } from './view.js';

/** Until when to wait for `word`: `seconds` from when that wait began, however often it is asked about (L7). */
export function deadline(view: SessionView, word: string, seconds: number): Date {
  return standingWait(view.session.waiting, word)?.until ?? plusSeconds(view.now, seconds);
}
