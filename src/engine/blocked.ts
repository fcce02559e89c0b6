import type { Blocked, SessionHost } from '../model/index.js';
import type { WaitFor } from '../workflow/decisions.js';
import type { SessionContext } from './context.js';

/** What changes in the hosts' `blocked` when the session waits for that, or for nothing. */
function changesOf(hosts: readonly SessionHost[], now: Date, wait?: WaitFor['wait']): Map<string, Blocked | null> {
  const changes = new Map<string, Blocked | null>();
  for (const { hostname, state, blocked } of hosts) {
    const isHeld = (state === 'waiting' || state === 'emptying') && wait?.hosts?.includes(hostname);
    if (wait === undefined || !isHeld) {
      if (blocked !== null) changes.set(hostname, null);
      continue;
    }
    const { for: because, message, until } = wait;
    const since = blocked?.because === because ? blocked.since : now;
    const isNoted = blocked?.because === because && blocked.message === message;
    if (isNoted && blocked.until.getTime() === until.getTime()) continue;
    changes.set(hostname, { because, message, since, until });
  }
  return changes;
}

/** Writes down of each host that waits or is being emptied what it can't go on for (v1 §1.4), and forgets what is over. */
export async function noteBlocked(
  { repositories, sessionId, clock, writer }: SessionContext,
  hosts: readonly SessionHost[],
  wait?: WaitFor['wait'],
): Promise<void> {
  const changes = changesOf(hosts, clock.now(), wait);
  if (changes.size === 0) return;
  await writer.commit(async (unit) => {
    for (const [hostname, blocked] of changes) {
      await repositories.hosts.update(sessionId, hostname, { blocked }, unit.tx);
    }
  });
}
