import { Stopped } from './errors.js';

/** The outcome of `work`, unless `signal` aborts first: then a rejection with `error()`, whatever becomes of `work`. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(error());
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(settled);
  });
}

/** The outcome of `work`, unless `signal` aborts first: then Stopped. The work itself goes on: others wait for it, too. */
export function orStopped<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? work : unlessAborted(work, signal, () => new Stopped());
}
