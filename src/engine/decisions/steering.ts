import type { SteerAway, StopSteering } from '../../workflow/decisions.js';
import { disabledReason } from '../../workflow/hosts.js';
import { ENGINE_HOST } from '../../workflow/maintaining.js';
import type { SessionContext } from '../context.js';
import { beginEffect } from '../effects/begin.js';

/** The duty to enable is written down first, as with a host that is taken (L6): every ending gives it back. */
export async function steerAway(session: SessionContext, { host }: SteerAway): Promise<void> {
  const intent = { disable: { reason: disabledReason(session.sessionId, 'new instances go to maintained hosts') } };
  const started = await session.writer.commit(async (unit) => {
    await session.repositories.hosts.update(session.sessionId, host, { disabled: true }, unit.tx);
    return beginEffect(session, unit, { ...about(host), action: 'disable', intent });
  });
  session.effects.start(started);
}

export async function stopSteering(session: SessionContext, { host }: StopSteering): Promise<void> {
  const intent = { disable: null };
  const started = await session.writer.commit((unit) =>
    beginEffect(session, unit, { ...about(host), action: 'enable', intent }),
  );
  session.effects.start(started);
}

/** While a host still waits, what is done about it stands under the engine's own name, to be seen by handlers. */
function about(host: string) {
  return { kind: 'service', subject: host, host: ENGINE_HOST } as const;
}
