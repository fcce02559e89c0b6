import type { Command, Session } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';
import { continueSession } from './continue-session.js';
import { thawSession } from './freeze.js';
import { answerQuestion, markHostDone, retryHost, skipHost } from './host-commands.js';
import { pauseSession, resumeSession } from './pause.js';

/** Carries out what an admin wants, in the transaction that marks the command as handled (v1 §1.5). */
export async function takeCommand(
  context: SessionContext,
  unit: Unit,
  session: Session,
  command: Command,
): Promise<void> {
  const { kind, args } = command;
  const host = String(args.host ?? '');
  switch (kind) {
    case 'delete':
      return;
    case 'continue-session':
      return continueSession(context, unit, session);
    case 'pause':
      return pauseSession(unit, session);
    case 'resume':
      return resumeSession(context, unit, session);
    case 'abort':
      unit.patchSession({
        aborting: { revert: args.moves === 'revert' || session.aborting?.revert === true },
        pausedAt: null,
        closed: false,
      });
      return;
    case 'retry_host':
      return retryHost(context, unit, host);
    case 'skip_host':
      return skipHost(context, unit, host);
    case 'mark_host_done':
      return markHostDone(context, unit, host);
    case 'add_hosts':
      unit.patchSession({ pendingHosts: [...new Set([...session.pendingHosts, ...(args.hosts as string[])])] });
      return;
    case 'freeze':
      // Everybody reads the setting itself; the command only wakes the session's owner, and is told.
      return;
    case 'thaw':
      return thawSession(context, unit, session, args);
    case 'continue':
      return answerQuestion(context, unit, args);
  }
}
