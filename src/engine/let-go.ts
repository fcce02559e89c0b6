import { orStopped } from '../common/unless-aborted.js';
import type { Planner } from '../planner/planner.js';
import type { CloudPort } from '../workflow/cloud-port.js';

/** What must get its answer once it is under way: its outcome is to be written down. */
const WRITES: ReadonlySet<keyof CloudPort> = new Set([
  'disableService',
  'enableService',
  'migrate',
  'confirmResize',
  'revertResize',
  'liveMigrate',
  'abortLiveMigration',
  'forceCompleteLiveMigration',
  'evacuate',
  'stop',
  'start',
  'holdRoom',
  'letRoomGo',
]);

/** A session's view of the cloud: nobody who has to let go waits for the answer to a question. */
export function abandonableReads(cloud: CloudPort, stopping: AbortSignal): CloudPort {
  return new Proxy(cloud, {
    get: (target, name: keyof CloudPort) => {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      if (WRITES.has(name)) return method.bind(target);
      return (...args: unknown[]) => orStopped(method.apply(target, args), stopping);
    },
  });
}

/** Likewise for plans that take long. */
export function abandonablePlans(planner: Planner, stopping: AbortSignal): Planner {
  return {
    planHost: (snapshot) => orStopped(planner.planHost(snapshot), stopping),
    planFleet: (snapshot, pack) => orStopped(planner.planFleet(snapshot, pack), stopping),
    close: () => planner.close(),
  };
}
