import { SystemMachineClock } from '../../common/clock.js';

const LOOK_EVERY_MS = 100;

/** What a plug-in prints by itself (`console.log`) goes where `context.output` goes. */
export function captureOutput(output: (text: string) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      output(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const callback = rest.findLast((each) => typeof each === 'function') as (() => void) | undefined;
      if (callback !== undefined) queueMicrotask(callback);
      return true;
    };
    stream.write = write;
  }
}

/** The thread's process is the engine: a plug-in that means to end itself must not end that. */
export function spareEngine(): void {
  const kill = process.kill.bind(process);
  process.kill = (pid, signal) => {
    const meansEngine = pid === process.pid || pid === -process.pid || pid === 0 || pid === -1;
    if (meansEngine && signal !== 0) throw new Error('A plug-in may not end the engine that runs it.');
    return kill(pid, signal);
  };
}

/** Buffers are not part of the heap, which Node.js limits itself: calls `onMore` when they are more than `most` bytes. */
export async function watchBuffers(most: number, onMore: () => void): Promise<void> {
  const machine = new SystemMachineClock();
  while (process.memoryUsage().external < most) await machine.sleepMs(LOOK_EVERY_MS);
  onMore();
}
