import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The API request on whose behalf whatever runs now does: its id goes along with calls to the cloud, so that Nova's logs
 * name it as well (oslo's global request id). Set once for a session's work, not handed through every function.
 */
const scope = new AsyncLocalStorage<string>();

/** @param requestId `req-<uuid>`; another is not passed on, since services refuse it */
export function onBehalfOf<T>(requestId: string, work: () => T): T {
  return scope.run(requestId, work);
}

const WELL_FORMED = /^req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Undefined outside of any request's work. */
export function currentRequestId(): string | undefined {
  const requestId = scope.getStore();
  return requestId !== undefined && WELL_FORMED.test(requestId) ? requestId : undefined;
}
