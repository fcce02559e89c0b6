import type { Session } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';
import { growWindows } from './windows.js';

/** Makes good for the time in which everything was frozen; the time in which the session is paused as well counts there. */
export async function thawSession(
  context: SessionContext,
  unit: Unit,
  session: Session,
  args: { readonly since?: unknown; readonly until?: unknown },
): Promise<void> {
  const until = new Date(String(args.until));
  const { pausedAt } = session;
  await growWindows(
    context,
    unit,
    new Date(String(args.since)),
    pausedAt !== null && pausedAt < until ? pausedAt : until,
  );
  if (session.waiting?.for === 'frozen') unit.patchSession({ waiting: null });
}
