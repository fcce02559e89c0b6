import { eventually } from '../../support/eventually.js';

/** Generous: the machine may have other things to do; for one that has far more of them FENIX_TEST_PATIENCE multiplies it. */
const PATIENCE_S = 240;
const PATIENCE = Number(process.env.FENIX_TEST_PATIENCE ?? 1);
/** Services of a cloud are not to be kept busy by being looked at. */
const PAUSE_MS = 300;

/** Waits until something in the cloud has come about. @throws Error when it has not for `seconds` */
export function becomes(condition: () => Promise<boolean>, what: string, seconds = PATIENCE_S): Promise<void> {
  return eventually(condition, what, seconds * PATIENCE, PAUSE_MS);
}
