import { plusSeconds } from '../common/clock.js';
import type { Blocked, SessionHost } from '../model/index.js';
import type { Held, WaitFor } from '../workflow/decisions.js';
import type { SessionContext } from './context.js';
import type { NotYet } from './decisions/apply.js';

/** Whom a wait holds, each with what it says or, where it says nothing of its own, with the session's. */
export function heldBy({ hosts = [], held = [], for: because, message, until }: WaitFor['wait']): Held[] {
  const own = new Set(held.flatMap(({ host, instanceId }) => (instanceId === undefined ? [host] : [])));
  return [...held, ...hosts.filter((host) => !own.has(host)).map((host): Held => ({ host, because, message, until }))];
}

/** A host whose next decision the world does not allow yet; it has so long since it was first held by that. */
export function refusedOn(host: SessionHost, { for: because, message }: NotYet, now: Date, seconds: number): Held {
  const until = host.blocked?.because === because ? host.blocked.until : plusSeconds(now, seconds);
  return { host: host.hostname, because, message, until };
}

/** What is to be written down; undefined where that stands already. `since` stays while the reason does. */
export function blockedBy(
  { because, message, until }: Held,
  before: Blocked | null | undefined,
  now: Date,
): Blocked | undefined {
  const isSame = before?.because === because;
  if (isSame && before.message === message && before.until.getTime() === until.getTime()) return undefined;
  return { because, message, since: isSame ? before.since : now, until };
}

/** What changes in the hosts' `blocked` when these are held, and by what. */
function changesOf(hosts: readonly SessionHost[], now: Date, held: readonly Held[]): Map<string, Blocked | null> {
  const changes = new Map<string, Blocked | null>();
  const byHost = new Map(held.filter(({ instanceId }) => instanceId === undefined).map((one) => [one.host, one]));
  for (const { hostname, state, blocked } of hosts) {
    const isAhead = state === 'waiting' || state === 'emptying' || state === 'empty';
    const by = isAhead ? byHost.get(hostname) : undefined;
    if (by === undefined) {
      if (blocked !== null) changes.set(hostname, null);
      continue;
    }
    const next = blockedBy(by, blocked, now);
    if (next !== undefined) changes.set(hostname, next);
  }
  return changes;
}

/** Writes down of each host that waits or is being emptied what it can't go on for (v1 §1.4), and forgets what is over. */
export async function noteBlocked(
  { repositories, sessionId, clock, writer }: SessionContext,
  hosts: readonly SessionHost[],
  held: readonly Held[] = [],
): Promise<void> {
  const changes = changesOf(hosts, clock.now(), held);
  if (changes.size === 0) return;
  await writer.commit((unit) => repositories.hosts.block(sessionId, changes, unit.tx));
}
