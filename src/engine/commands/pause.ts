import type { Session } from '../../model/index.js';
import type { SessionContext } from '../context.js';
import type { Unit } from '../session-writer.js';
import { growWindows } from './windows.js';

/** Nothing new begins from now on; what runs ends. */
export function pauseSession(unit: Unit, session: Session): void {
  if (session.pausedAt === null) unit.patchSession({ pausedAt: unit.now, waiting: null });
}

/** Makes good for the pause; from when on everything was frozen as well, the thaw does. */
export async function resumeSession(context: SessionContext, unit: Unit, session: Session): Promise<void> {
  const { pausedAt } = session;
  if (pausedAt === null) return;
  const freeze = await context.repositories.settings.frozen(unit.tx);
  await growWindows(context, unit, pausedAt, freeze?.since ?? unit.now);
  unit.patchSession({ pausedAt: null });
}
