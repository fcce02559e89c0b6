import { plusSeconds } from '../common/clock.js';
import { standingWait } from '../model/index.js';
import type { Step } from './decisions.js';
import type { SessionView } from './view.js';

/** The step, where it is a wait, told of the hosts that can't go on for it. */
export function holding(step: Step, hosts: readonly string[]): Step {
  return 'wait' in step ? { wait: { ...step.wait, hosts } } : step;
}

/** Until when to wait for `word`: `seconds` from when that wait began, however often it is asked about (L7). */
export function deadline(view: SessionView, word: string, seconds: number): Date {
  return standingWait(view.session.waiting, word)?.until ?? plusSeconds(view.now, seconds);
}
