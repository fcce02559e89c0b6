import { AsyncLocalStorage } from 'node:async_hooks';

const fences = new AsyncLocalStorage<() => void>();

/** Does `work` behind a fence: whatever it writes to the world asks `mayPass` at the last instant, which throws if not. */
export function fenced<T>(mayPass: () => void, work: () => T): T {
  return fences.run(mayPass, work);
}

/** To be called right before a write leaves the process. @throws what the fence around this work says */
export function passFence(): void {
  fences.getStore()?.();
}
