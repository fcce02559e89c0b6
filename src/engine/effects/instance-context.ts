import type { JournalEntry } from '../../model/index.js';
import type { InstanceActionContext, JournaledWrite } from '../../workflow/contract.js';
import type { SessionContext } from '../context.js';
import type { MoveIntent } from './move.js';

/** What an instance-action plug-in gets: the cloud by journaled writes and shared views. */
export function instanceContext(
  session: SessionContext,
  entry: JournalEntry,
  intent: Omit<MoveIntent, 'projectId' | 'recoveryTimeS'>,
): InstanceActionContext {
  const { cloud, settings, clock, journal, watch, stopping } = session;
  const log = session.log.child({ instance: entry.subject, action: intent.action });
  return {
    instanceId: entry.subject,
    from: intent.from,
    target: intent.target,
    statusBefore: intent.statusBefore,
    cloud,
    settings,
    clock,
    begunAt: new Date(intent.begunAt),
    log,
    signal: stopping,
    once: async (step: string, write: JournaledWrite) => {
      const { sessionId, subject, action, attempt } = entry;
      await journal.once({ sessionId, subject, action: `${action}/${step}`, attempt }, write);
      watch.changed();
    },
    watch: async (judge, until) => {
      for (;;) {
        const view = await watch.next(stopping);
        const verdict = await judge(view.servers.find((server) => server.id === entry.subject));
        if (verdict !== undefined) return verdict;
        if (clock.now() >= until) return undefined;
      }
    },
  };
}
