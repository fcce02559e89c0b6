import { plusSeconds } from '../../src/common/clock.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import type {
  InstanceActionContext,
  InstanceActionPlugin,
  MoveOutcome,
  RestoreOutcome,
} from '../../src/workflow/contract.js';
import { isIdle, notBegun, orRefusal } from '../../src/workflow/migrations.js';

/** It does not leave its host but stays there, stopped, while that is out; what was stopped before is left as it is. */
async function run(context: InstanceActionContext): Promise<MoveOutcome> {
  const { cloud, instanceId, statusBefore, settings, begunAt } = context;
  if (statusBefore === 'SHUTOFF') return asItWas(await cloud.server(instanceId));
  if (context.takeBack.aborted && !(await context.begun('stop'))) return notBegun(context);
  const refused = await orRefusal(() =>
    context.once('stop', { run: () => cloud.stop(instanceId), probe: () => isOnItsWay(context, 'SHUTOFF') }),
  );
  if (refused !== undefined) return refused;
  const outcome = await context.watch<MoveOutcome>(
    (server) => {
      if (server === undefined) return { result: 'gone' };
      if (!isIdle(server)) return undefined;
      if (server.status === 'SHUTOFF') return { result: 'stopped', wasRunning: true };
      return failed('stop-failed', `Instance ${instanceId} did not stop and is ${server.status}.`);
    },
    plusSeconds(begunAt, settings.coldMigrationTimeoutS),
  );
  return outcome ?? failed('time-out', `Instance ${instanceId} did not stop in ${settings.coldMigrationTimeoutS} s.`);
}

function asItWas(server: Server | undefined): MoveOutcome {
  if (server === undefined) return { result: 'gone' };
  if (server.status === 'SHUTOFF') return { result: 'stopped', wasRunning: false };
  const message = `Instance ${server.id} was started meanwhile.`;
  return { result: 'refused', code: 'started-meanwhile', message, otherWay: true };
}

/** Starts it again. Whoever else did so, or did something else with it, took that over. */
async function restore(context: InstanceActionContext): Promise<RestoreOutcome> {
  const { cloud, instanceId, settings, begunAt } = context;
  const server = await cloud.server(instanceId);
  if (server === undefined) return { result: 'gone' };
  // What an earlier life had asked for is gone on with, whatever the server shows by now.
  if (server.status === 'SHUTOFF' || (await context.begun('start'))) {
    const refused = await orRefusal(() =>
      context.once('start', {
        run: () => cloud.start(instanceId),
        probe: () => isOnItsWay(context, 'ACTIVE'),
        conflictPasses: true,
      }),
    );
    if (refused?.result === 'gone') return { result: 'gone' };
    if (refused?.result === 'refused') return { ...refused, result: 'failed' };
  }
  const outcome = await context.watch<RestoreOutcome>(
    (now) => {
      if (now === undefined) return { result: 'gone' };
      if (now.taskState !== null) return undefined;
      if (now.status !== 'SHUTOFF' && now.status !== 'ERROR') return { result: 'started' };
      return { result: 'failed', code: 'start-failed', message: `Instance ${instanceId} is ${now.status}.` };
    },
    plusSeconds(begunAt, settings.coldMigrationTimeoutS),
  );
  const message = `Instance ${instanceId} did not start in ${settings.coldMigrationTimeoutS} s.`;
  return outcome ?? { result: 'failed', code: 'time-out', message };
}

async function isOnItsWay({ cloud, instanceId }: InstanceActionContext, status: string): Promise<boolean> {
  const server = await cloud.server(instanceId);
  const task = status === 'SHUTOFF' ? 'powering-off' : 'powering-on';
  return server === undefined || server.status === status || server.taskState === task;
}

function failed(code: string, message: string): MoveOutcome {
  return { result: 'failed', code, message };
}

export default {
  name: 'STOP_START',
  version: '1.0.0',
  description: 'Stopped where it is while its host is out, and started afterwards',
  needsTarget: false,
  run,
  restore,
} satisfies InstanceActionPlugin;
