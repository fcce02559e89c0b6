import { plusSeconds } from '../common/clock.js';
import type { Server } from './cloud-port.js';
import type { InstanceActionContext, MoveOutcome } from './contract.js';
import {
  acceptMigration,
  concludingWrite,
  isIdle,
  newest,
  newestEvent,
  notBegun,
  noValidHost,
  refusable,
} from './migrations.js';

/** Code of a refusal: the move began, and the instance is back where it was. */
export const CAME_BACK = 'came-back';

/** Nova's words for a migration that came to nothing. */
const CAME_TO_NOTHING = new Set(['error', 'failed', 'cancelled', 'reverted']);

/**
 * Cold migration (Nova `migrate` with a host, microversion 2.56): accepted, moved, VERIFY_RESIZE, confirmed or taken
 * back. A target that Nova's scheduler refuses shows only as a server that is ACTIVE again on its old host with a
 * migration in error.
 */
export async function coldMigrate(context: InstanceActionContext): Promise<MoveOutcome> {
  const { cloud, instanceId, settings } = context;
  const target = context.target as string;
  if (context.takeBack.aborted && !(await context.begun('migrate'))) return notBegun(context);
  const refused = await acceptMigration(context, 'migrate', 'migrate', () => cloud.migrate(instanceId, target));
  if (refused !== undefined) return refused;
  return toItsEnd(context, settings.coldMigrationTimeoutS, 'did not reach VERIFY_RESIZE');
}

/**
 * Waits for a migration that outlasted its time, for another `blocked_timeout`, and ends it as if it had come in time: a
 * cold one would else stay in VERIFY_RESIZE with nobody to confirm it.
 */
export async function settleLate(context: InstanceActionContext): Promise<MoveOutcome> {
  return toItsEnd(context, context.settings.blockedTimeoutS, 'did not get to the end of its move');
}

async function toItsEnd(context: InstanceActionContext, seconds: number, what: string): Promise<MoveOutcome> {
  // What an earlier life had begun to conclude is gone on with there, whatever the server shows by now.
  if ((await context.begun('confirm')) || (await context.begun('revert'))) return conclude(context);
  const arrived = await context.watch((server) => arrival(context, server), plusSeconds(context.begunAt, seconds));
  if (arrived === undefined) return timeOut(context, what, seconds);
  return arrived === 'verify' ? concludeOurs(context) : arrived;
}

/** A resize is its owner's, whatever we asked for at that moment: never confirmed by us (v1 §5.1). */
async function concludeOurs(context: InstanceActionContext): Promise<MoveOutcome> {
  if ((await newest(context))?.type !== 'resize') return conclude(context);
  return failed('not-ours', `Instance ${context.instanceId} was resized by its owner, who has to confirm that.`);
}

/** In VERIFY_RESIZE: confirmed, unless an admin wants it back before that was asked for and Nova lets us. */
async function conclude(context: InstanceActionContext): Promise<MoveOutcome> {
  const { cloud, instanceId, settings, clock } = context;
  const isOver = (server: Server | undefined): boolean => server?.status !== 'VERIFY_RESIZE';
  const wantedBack = context.takeBack.aborted && !(await context.begun('confirm'));
  const revert = concludingWrite(context, 'revertResize', () => cloud.revertResize(instanceId), isOver);
  if (!wantedBack || !(await refusable(context, () => context.once('revert', revert)))) {
    const confirm = concludingWrite(context, 'confirmResize', () => cloud.confirmResize(instanceId), isOver);
    await context.once('confirm', { ...confirm, conflictPasses: true });
  }
  const until = plusSeconds(clock.now(), settings.coldMigrationTimeoutS);
  const end = await context.watch((server) => settled(context, server), until);
  return end ?? timeOut(context, 'was neither confirmed nor taken back', settings.coldMigrationTimeoutS);
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
  const ended = migration !== undefined && CAME_TO_NOTHING.has(migration.status);
  // Where Nova kept no migration of it, the newest one is older, and only the event tells.
  const isOver = ended || migration === undefined || (await newestEvent(context, 'migrate'))?.message === 'Error';
  if (!isOver) return undefined;
  if (ended && migration.targetHost !== null) {
    const message = `Host ${migration.targetHost} took instance ${instanceId} and gave it back.`;
    return { result: 'refused', code: CAME_BACK, message, touched: true };
  }
  return noValidHost(instanceId, target);
}

/** Nova shows VERIFY_RESIZE for a moment after it has accepted the request. */
function settled({ instanceId, from }: InstanceActionContext, server: Server | undefined): MoveOutcome | undefined {
  if (server === undefined) return { result: 'gone' };
  if (server.status === 'ERROR') return failed('instance-error', `Instance ${instanceId} went to ERROR.`);
  if (!isIdle(server) || server.host === null) return undefined;
  if (server.host !== from) return { result: 'moved', host: server.host };
  return { result: 'reverted', message: `The migration of instance ${instanceId} was taken back.` };
}

function timeOut({ instanceId }: InstanceActionContext, what: string, seconds: number): MoveOutcome {
  const message = `Instance ${instanceId} ${what} within ${seconds} s.`;
  return { result: 'failed', code: 'time-out', message, underWay: true };
}

function failed(code: string, message: string): MoveOutcome {
  return { result: 'failed', code, message };
}
