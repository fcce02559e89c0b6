import { readSync, writeSync } from 'node:fs';

/** The line by which a plug-in's process asks for the time. */
export const CLOCK_FD = 4;

/**
 * The instant of domain time, as the engine has it at this moment: `Clock.now()` waits for nothing, and domain time may
 * stand still or run at any speed. Blocks the process for the moment that the engine takes to answer.
 */
export function askedNow(): Date {
  const answer = Buffer.alloc(8);
  writeSync(CLOCK_FD, '?');
  for (let read = 0; read < answer.length; ) {
    const more = readSync(CLOCK_FD, answer, read, answer.length - read, null);
    // Nobody is there any more.
    if (more === 0) process.exit();
    read += more;
  }
  return new Date(answer.readDoubleLE());
}
