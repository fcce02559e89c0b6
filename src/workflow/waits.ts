import { plusSeconds } from '../common/clock.js';
import type { SessionView } from './view.js';

/** Until when to wait for `word`: `seconds` from when that wait began, however often it is asked about (L7). */
export function deadline(view: SessionView, word: string, seconds: number): Date {
  const { waiting } = view.session;
  return waiting?.for === word ? waiting.until : plusSeconds(view.now, seconds);
}
