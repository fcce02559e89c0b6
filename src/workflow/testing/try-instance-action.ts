import { ManualClock } from '../../common/clock.js';
import { silentLogger } from '../../common/logger.js';
import type { CloudPort, Server } from '../cloud-port.js';
import type { InstanceActionContext, MoveOutcome } from '../contract.js';
import { checkInstanceAction } from '../plugin-checks.js';
import type { WorkflowSettings } from '../view.js';

export interface MoveTrialOptions {
  readonly instanceId?: string;
  readonly from?: string;
  readonly target?: string | null;
  /** Status before; default ACTIVE. */
  readonly statusBefore?: string;
  readonly settings?: Partial<WorkflowSettings>;
  /** What it asks of the cloud. */
  readonly cloud?: Partial<CloudPort>;
  /** The server as `watch` sees it, look after look; undefined = gone. After the last one the time is up. */
  readonly looks?: readonly (Partial<Server> | undefined)[];
}

/**
 * Runs an instance action once, as on a day without crashes.
 * @returns its outcome, and the steps that it wrote, in order
 * @throws FenixError `plug-in-invalid`
 */
export async function tryInstanceAction(
  candidate: unknown,
  given: MoveTrialOptions = {},
): Promise<{ readonly outcome: MoveOutcome; readonly steps: readonly string[] }> {
  const plugin = checkInstanceAction(candidate, 'under test');
  const clock = new ManualClock();
  const steps: string[] = [];
  const { looks = [], settings, cloud, instanceId = '00000000-0000-4000-8000-000000000002', ...rest } = given;
  const context: InstanceActionContext = {
    instanceId,
    from: 'compute-1',
    target: plugin.needsTarget ? 'compute-2' : null,
    statusBefore: 'ACTIVE',
    clock,
    begunAt: clock.now(),
    log: silentLogger,
    signal: new AbortController().signal,
    takeBack: new AbortController().signal,
    begun: async (step) => steps.includes(step),
    once: async (step, write) => {
      if (steps.includes(step)) return;
      await write.before?.();
      steps.push(step);
      await write.run();
    },
    watch: async (judge) => {
      for (const look of looks) {
        const verdict = await judge(look && ({ id: instanceId, taskState: null, ...look } as Server));
        if (verdict !== undefined) return verdict;
      }
      return undefined;
    },
    ...rest,
    cloud: (cloud ?? {}) as CloudPort,
    settings: {
      coldMigrationTimeoutS: 600,
      liveMigrationWaitS: 600,
      ownActionTimeoutS: 600,
      ...settings,
    } as WorkflowSettings,
  };
  return { outcome: await plugin.run(context), steps };
}
