import { eventually } from '../../support/eventually.js';

/** Generous: the machine may have other things to do. */
const PATIENCE_S = 240;
/** Services of a cloud are not to be kept busy by being looked at. */
const PAUSE_MS = 300;

/** Waits until something in the cloud has come about. @throws Error when it has not for `seconds` */
export function becomes(condition: () => Promise<boolean>, what: string, seconds = PATIENCE_S): Promise<void> {
  return eventually(condition, what, seconds, PAUSE_MS);
}
