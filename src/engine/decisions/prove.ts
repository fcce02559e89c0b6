import type { Fact, Resources } from '../../model/index.js';
import { NOT_PROVEN, standingFacts } from '../../workflow/room.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';

/** An instance and the host that is to take it. */
export interface WantedMove {
  readonly instanceId: string;
  readonly resources: Resources;
  readonly target: string;
}

/**
 * Asks Placement whether the target would take the instance now.
 * @returns undefined where it would; else the fact to record, whose time is that of the first refusal in a row:
 * Placement may lag behind an enabled service or a deleted server, but not for ever
 */
export async function refutation(
  session: SessionContext,
  view: SessionView,
  { instanceId, resources, target }: WantedMove,
): Promise<Fact | undefined> {
  const proof = await session.cloud.proves(target, resources);
  if (proof.fits) return undefined;
  const known = standingFacts(view).find((fact) => fact.instanceId === instanceId && fact.host === target);
  const at = known?.code === NOT_PROVEN ? known.at : view.now;
  return { sessionId: session.sessionId, instanceId, host: target, code: NOT_PROVEN, message: proof.why, at };
}
