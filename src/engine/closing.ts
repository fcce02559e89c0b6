import { isUnfinished, type JournalEntry, type Session, type SessionHost } from '../model/index.js';
import type { SessionContext } from './context.js';
import { failHost, giveHostBack } from './decisions/hosts.js';
import type { OutboxPublisher } from './outbox.js';
import type { Unit } from './session-writer.js';
import { transition } from './transition.js';

/** Between two tries to give a host back, machine seconds. */
const LONGEST_PAUSE_S = 300;

export type ClosingStep = 'closed' | 'waiting' | 'again';

/**
 * What is left to do for a session that ended, in whatever way: effects end, hosts are given back (L6), claims are
 * released, the last notifications go out. Each call does the next piece.
 */
export async function closeSession(
  context: SessionContext,
  session: Session,
  outbox: OutboxPublisher,
): Promise<ClosingStep> {
  if (context.effects.count > 0) return 'waiting';
  if (isUnfinished(session.state)) {
    const why = 'An admin deleted the session before it was finished.';
    const step = { to: 'MAINTENANCE_FAILED', why, reason: { code: 'aborted', message: why } } as const;
    await context.writer.commit((unit) => transition(unit, session, step, context.adminProjectId));
    return 'again';
  }
  const hosts = await context.repositories.hosts.list(context.sessionId);
  const journal = await context.repositories.journal.list(context.sessionId);
  for (const host of hosts) {
    const plugin = host.state === 'in_maintenance' ? unsuccessful(journal, host) : undefined;
    if (plugin === undefined) continue;
    await failHost(context, host, `${plugin} failed`);
    return 'again';
  }
  const owed = hosts.find(mustBeGivenBack);
  if (owed !== undefined) {
    if (isTooSoon(journal, owed)) return 'waiting';
    await giveHostBack(context, { kind: 'give-host-back', host: owed.hostname });
    return 'waiting';
  }
  if (await outbox.hasPending()) {
    outbox.raise();
    return 'waiting';
  }
  await context.writer.commit(async (unit) => {
    await context.repositories.claims.release(context.sessionId, unit.tx);
    await cancelOpenNotices(context, unit);
    unit.patchSession({ closed: true, waiting: null });
    unit.tell('closed', {});
  });
  return 'closed';
}

/** The action that began on the host and did not succeed, if there is one. */
function unsuccessful(journal: readonly JournalEntry[], { hostname }: SessionHost): string | undefined {
  const runs = journal.filter(({ kind, subject }) => kind === 'plugin' && subject === hostname);
  const last = new Map(runs.map((run) => [run.action, run]));
  const failed = [...last.values()].find(({ state }) => state !== 'done');
  return failed && String(failed.intent.name);
}

/** After a refusal we try again, less and less often, for as long as it takes. */
function isTooSoon(journal: readonly JournalEntry[], { hostname }: SessionHost): boolean {
  const tries = journal.filter(
    (entry) => entry.kind === 'service' && entry.subject === hostname && entry.action === 'enable',
  );
  const last = tries.at(-1);
  return last?.state === 'failed' && last.ageS < Math.min(LONGEST_PAUSE_S, 2 ** tries.length);
}

/** A host whose action began and did not succeed stays disabled, until the admin says otherwise. */
function mustBeGivenBack(host: SessionHost): boolean {
  return host.disabled && host.state !== 'failed';
}

async function cancelOpenNotices({ repositories, sessionId }: SessionContext, { tx, now }: Unit): Promise<void> {
  for (const notice of await repositories.notices.list(sessionId, tx)) {
    if (notice.closedAt !== null) continue;
    await repositories.notices.update(sessionId, notice.noticeId, { closedAt: now, outcome: 'cancelled' }, tx);
  }
}
