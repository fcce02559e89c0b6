import { AsyncLocalStorage } from 'node:async_hooks';

const checks = new AsyncLocalStorage<() => void>();

/**
 * Does `work`, whose requests that change the world ask `check` in the very moment in which they are sent: between the
 * decision and that there may be a wait for a token, for a free connection, or of the whole process.
 * @param check what it throws ends the request
 */
export function withLastCheck<T>(check: () => void, work: () => T): T {
  return checks.run(check, work);
}

/** To be called right before sending. */
export function lastCheck(): void {
  checks.getStore()?.();
}
