import { plusSeconds } from '../common/clock.js';
import type { Server } from './cloud-port.js';
import type { InstanceActionContext, MoveOutcome } from './contract.js';
import { acceptMigration, isIdle, newest } from './migrations.js';

/** Nova's words for a migration that came to nothing. */
const CAME_TO_NOTHING = new Set(['error', 'failed', 'cancelled', 'reverted']);

/**
 * Cold migration (Nova `migrate` with a host, microversion 2.56): accepted, moved, VERIFY_RESIZE, confirmed. A target
 * that Nova's scheduler refuses shows only as a server that is ACTIVE again on its old host with a migration in error.
 */
export async function coldMigrate(context: InstanceActionContext): Promise<MoveOutcome> {
  const { cloud, instanceId, begunAt, settings } = context;
  const target = context.target as string;
  const refused = await acceptMigration(context, 'migrate', () => cloud.migrate(instanceId, target));
  if (refused !== undefined) return refused;
  const until = plusSeconds(begunAt, settings.coldMigrationTimeoutS);
  const arrived = await context.watch((server) => arrival(context, server), until);
  if (arrived === undefined) return timeOut(context, 'did not reach VERIFY_RESIZE');
  if (arrived !== 'verify') return arrived;
  await context.once('confirm', {
    run: () => cloud.confirmResize(instanceId),
    probe: async () => (await cloud.server(instanceId))?.status !== 'VERIFY_RESIZE',
  });
  return (await context.watch((server) => settled(context, server), until)) ?? timeOut(context, 'was not confirmed');
}

async function arrival(
  context: InstanceActionContext,
  server: Server | undefined,
): Promise<'verify' | MoveOutcome | undefined> {
  const { instanceId, from, target } = context;
  if (server === undefined) return { result: 'gone' };
  if (server.status === 'VERIFY_RESIZE') return 'verify';
  if (server.status === 'ERROR') return failed('instance-error', `Instance ${instanceId} went to ERROR.`);
  if (!isIdle(server) || server.host === null) return undefined;
  // Somebody else confirmed it, or Nova does so by itself (resize_confirm_window).
  if (server.host !== from) return { result: 'moved', host: server.host };
  const migration = await newest(context);
  if (migration !== undefined && !CAME_TO_NOTHING.has(migration.status)) return undefined;
  const message = `Nova did not find host ${target} fit for instance ${instanceId}.`;
  return { result: 'refused', code: 'no-valid-host', message };
}

/** Nova shows VERIFY_RESIZE for a moment after it has accepted the confirmation. */
function settled({ instanceId }: InstanceActionContext, server: Server | undefined): MoveOutcome | undefined {
  if (server === undefined) return { result: 'gone' };
  if (server.status === 'ERROR') return failed('instance-error', `Instance ${instanceId} went to ERROR.`);
  return isIdle(server) && server.host !== null ? { result: 'moved', host: server.host } : undefined;
}

function timeOut({ instanceId, settings }: InstanceActionContext, what: string): MoveOutcome {
  return failed('time-out', `Instance ${instanceId} ${what} within ${settings.coldMigrationTimeoutS} s.`);
}

function failed(code: string, message: string): MoveOutcome {
  return { result: 'failed', code, message };
}
