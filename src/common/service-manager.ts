import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MachineClock } from './clock.js';
import { messageOf } from './errors.js';
import type { Component } from './lifecycle.js';
import type { Logger } from './logger.js';

/** systemd answers at once or not at all. */
const TIMEOUT_MS = 10_000;
/** sd_watchdog_enabled(3): half of what is allowed. */
const PER_WATCHDOG = 2;
const US_PER_MS = 1000;

/** Sends one assignment of sd_notify(3), such as `READY=1`, to the socket. */
export type Notify = (socket: string, assignment: string) => Promise<void>;

/**
 * Tells systemd when the components before this one serve (`READY=1`) and when they are about to stop (`STOPPING=1`), and,
 * if the unit has `WatchdogSec`, that the main thread still runs (`WATCHDOG=1`). Does nothing where `env` names no socket.
 * What cannot be told is logged, and harms nothing else. To be the last component.
 * @param env variables of sd_notify(3) are taken out of it: programs that we start must not speak for us
 */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  clock: MachineClock,
  log: Logger,
  notify: Notify = systemdNotify,
): Component {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  const done = new AbortController();
  let watching = Promise.resolve();
  const tell = async (assignment: string): Promise<void> => {
    if (socket === undefined) return;
    try {
      await notify(socket, assignment);
    } catch (error) {
      log.warn({ assignment, error: messageOf(error) }, 'systemd cannot be told');
    }
  };
  const watch = async (everyMs: number): Promise<void> => {
    while (!done.signal.aborted) {
      await tell('WATCHDOG=1');
      await clock.sleepMs(everyMs, done.signal).catch(() => {}); // told to stop
    }
  };
  const isWatched = Number(usec) > 0 && (pid === undefined || Number(pid) === process.pid);
  return {
    name: 'service manager',
    async start() {
      await tell('READY=1');
      if (socket !== undefined && isWatched) watching = watch(Number(usec) / US_PER_MS / PER_WATCHDOG);
    },
    async stop() {
      done.abort();
      await watching;
      await tell('STOPPING=1');
    },
  };
}

/** Node.js has no datagram sockets of Unix; systemd's own program has, and is there wherever systemd is. */
async function systemdNotify(socket: string, assignment: string): Promise<void> {
  const env = { PATH: process.env.PATH, NOTIFY_SOCKET: socket };
  await promisify(execFile)('systemd-notify', [assignment], { env, timeout: TIMEOUT_MS });
}
