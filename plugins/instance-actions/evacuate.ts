import { plusSeconds } from '../../src/common/clock.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import type { InstanceActionContext, InstanceActionPlugin, MoveOutcome } from '../../src/workflow/contract.js';
import { acceptMigration, isIdle, newest, notBegun } from '../../src/workflow/migrations.js';

/**
 * The host is down: Nova builds the instance anew on a named, proven target (`evacuate`, microversion 2.29). It arrives
 * ACTIVE, or SHUTOFF if it was stopped. Nova itself refuses while it counts the host as up.
 */
async function run(context: InstanceActionContext): Promise<MoveOutcome> {
  const { cloud, instanceId, settings } = context;
  if (context.takeBack.aborted && !(await context.begun('evacuate'))) return notBegun(context);
  const target = context.target as string;
  const refused = await acceptMigration(
    context,
    'evacuate',
    'evacuate',
    () => cloud.evacuate(instanceId, target),
    'down',
  );
  return refused ?? arrives(context, settings.coldMigrationTimeoutS);
}

/** What outlasted its time has `blocked_timeout` to end. */
function settle(context: InstanceActionContext): Promise<MoveOutcome> {
  return arrives(context, context.settings.blockedTimeoutS);
}

async function arrives(context: InstanceActionContext, seconds: number): Promise<MoveOutcome> {
  const { instanceId, begunAt } = context;
  const outcome = await context.watch((server) => arrival(context, server), plusSeconds(begunAt, seconds));
  const message = `Instance ${instanceId} was not evacuated within ${seconds} s.`;
  return outcome ?? { result: 'failed', code: 'time-out', message, underWay: true };
}

async function arrival(context: InstanceActionContext, server: Server | undefined): Promise<MoveOutcome | undefined> {
  const { instanceId, from, target } = context;
  if (server === undefined) return { result: 'gone' };
  if (server.taskState !== null || server.host === null) return undefined;
  if (server.host !== from && isIdle(server) && server.status !== 'ERROR')
    return { result: 'moved', host: server.host };
  const migration = await newest(context);
  // The conductor's word for a target that the scheduler did not take; the target's own is `failed`.
  if (server.host === from && migration?.status === 'error') {
    const message = `Nova did not find host ${target} fit for instance ${instanceId}.`;
    return { result: 'refused', code: 'no-valid-host', message };
  }
  const message = `The evacuation of instance ${instanceId} to ${target} came to nothing (${server.status}).`;
  return { result: 'failed', code: 'instance-error', message };
}

export default {
  name: 'EVACUATE',
  version: '1.0.0',
  description: 'Nova evacuation off a host that is down, to a named, proven target',
  needsTarget: true,
  run,
  settle,
} satisfies InstanceActionPlugin;
