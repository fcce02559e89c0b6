import type { JournalEntry, Session, SessionHost } from '../model/index.js';
import { actionsFor } from '../workflow/maintaining.js';
import type { SessionContext } from './context.js';
import { beginPlugin } from './decisions/run-plugin.js';
import { type Work, worksOn } from './undoing.js';

/* What actions did for the time that a host is out ends when it was given back (`release` of the contract). */

/**
 * Begins what is due on hosts that are through and were given back.
 * @param ending the journal of a session that ends: there a host that was given back in the middle of its actions counts
 * as well, and what is released is done again if the session is continued
 * @returns a sentence while there is something to wait for
 */
export async function releaseHosts(
  context: SessionContext,
  session: Session,
  hosts: readonly SessionHost[],
  ending?: readonly JournalEntry[],
): Promise<string | undefined> {
  const { plugins, repositories, sessionId } = context;
  const releasing = session.actions.filter(({ plugin }) => plugins.findAction(plugin)?.release !== undefined);
  if (releasing.length === 0) return undefined;
  const back = hosts.filter((host) => isGivenBack(host, ending !== undefined));
  if (back.length === 0) return undefined;
  const journal = ending ?? (await repositories.journal.ofActions(sessionId));
  let waiting: string | undefined;
  for (const host of back) {
    const actions = actionsFor({ session: { ...session, actions: releasing } }, host);
    for (const work of worksOn(host.hostname, actions, journal)) {
      waiting = (await release(context, session, host, work)) ?? waiting;
    }
  }
  return waiting;
}

/** Nobody is left to be released of a host that has left the cloud. */
function isGivenBack({ state, disabled, excluded, scaled }: SessionHost, closing: boolean): boolean {
  if (disabled || excluded !== null || scaled === 'removed') return false;
  return state === 'done' || state === 'skipped' || (closing && state === 'in_maintenance');
}

async function release(
  context: SessionContext,
  session: Session,
  host: SessionHost,
  { action, run, undo, release: last }: Work,
): Promise<string | undefined> {
  if (run.state === 'superseded' || undo?.state === 'done' || last?.state === 'done') return undefined;
  const retryAt = last?.outcome?.retryAt === undefined ? undefined : new Date(String(last.outcome.retryAt));
  if (last?.state === 'failed' && retryAt === undefined) return undefined;
  const message = `Ending what ${action.name} (${action.type}) did for the time that ${host.hostname} was out.`;
  if (last?.state === 'begun' || (retryAt !== undefined && retryAt > context.clock.now())) return message;
  const begun = await context.writer.commit(async (unit) => {
    if (host.state === 'in_maintenance') await supersede(context, run, unit.tx);
    return beginPlugin(context, unit, session, action, host.hostname, 'release', { ofRun: run.attempt });
  });
  context.effects.start(begun);
  return message;
}

type Tx = Parameters<SessionContext['repositories']['journal']['end']>[3];

function supersede({ repositories }: SessionContext, run: JournalEntry, tx: Tx): Promise<void> {
  return repositories.journal.end(run, 'superseded', run.outcome ?? {}, tx);
}
