import { plusSeconds } from '../../src/common/clock.js';
import type { InstanceActionContext, InstanceActionPlugin, MoveOutcome } from '../../src/workflow/contract.js';
import { isIdle } from '../../src/workflow/migrations.js';

/** The project acts by itself; Fenix waits until the instance left the host or is gone, and no longer than allowed. */
async function run({ instanceId, from, settings, begunAt, watch }: InstanceActionContext): Promise<MoveOutcome> {
  const until = plusSeconds(begunAt, settings.ownActionTimeoutS);
  const outcome = await watch<MoveOutcome>((server) => {
    if (server === undefined) return { result: 'gone' };
    if (server.host !== null && server.host !== from && isIdle(server)) return { result: 'moved', host: server.host };
    return undefined;
  }, until);
  const message = `The project did not take instance ${instanceId} off ${from} within ${settings.ownActionTimeoutS} s.`;
  return outcome ?? { result: 'failed', code: 'own-action-time-out', message };
}

export default {
  name: 'OWN_ACTION',
  version: '1.0.0',
  description: 'The project moves, replaces or removes the instance by itself',
  needsTarget: false,
  run,
} satisfies InstanceActionPlugin;
