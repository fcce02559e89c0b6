import { FenixError } from '../common/errors.js';
import type { InstanceEvent, Migration, Server } from './cloud-port.js';
import type { InstanceActionContext, JournaledWrite, MoveOutcome } from './contract.js';
import { isDown } from './hosts.js';

/** The code of a refusal by Nova's scheduler. */
export const NO_VALID_HOST = 'no-valid-host';

/** Nothing is being done to the server and no resize waits for its confirmation. */
export function isIdle(server: Server): boolean {
  return server.taskState === null && server.status !== 'VERIFY_RESIZE' && server.status !== 'RESIZE';
}

/** Nova's words for what is done to a server (os-instance-actions). */
export type MigrationEvent = 'migrate' | 'live-migration' | 'evacuate';
/** The same for what is done to a migration of it; Nova writes that down as it accepts the request. */
export type ConclusionEvent =
  | 'confirmResize'
  | 'revertResize'
  | 'live_migration_cancel'
  | 'live_migration_force_complete';

/**
 * Has Nova accept a migration once. The newest migration before it, and the newest event of its kind, are kept with the
 * intent: a newer one of either is the evidence that the request arrived. A migration for which no host was found may
 * have left nothing but the event.
 * @param needs what the instance's own host has to be for that way
 * @returns the outcome if Nova refused, undefined if it accepted
 */
export async function acceptMigration(
  context: InstanceActionContext,
  step: string,
  action: MigrationEvent,
  request: () => Promise<void>,
  needs: 'up' | 'down' = 'up',
): Promise<MoveOutcome | undefined> {
  const { cloud, instanceId, from, target } = context;
  const refused = await orRefusal(() =>
    context.once(step, {
      before: async () => {
        const [migration, event] = await Promise.all([newest(context), newestEvent(context, action)]);
        return { migration: migration?.id ?? null, event: event?.requestId ?? null };
      },
      run: async () => {
        await requireOn(context);
        await request();
      },
      // A server is busy for a while: with a snapshot of its owner's, say. No other target would be better.
      conflictPasses: true,
      probe: async (before) => {
        const server = await cloud.server(instanceId);
        if (server === undefined) return true;
        const [migration, event] = await Promise.all([newest(context), newestEvent(context, action)]);
        if (server.host === target) return migration?.type !== 'resize';
        if (event !== undefined && before.event !== undefined && event.requestId !== before.event) return true;
        if (migration === undefined || migration.id === before.migration) return false;
        // A resize is its user's own, whatever we asked for at that moment: never to be confirmed by us.
        return migration.sourceHost === from && migration.type !== 'resize';
      },
    }),
  );
  if (refused?.result !== 'refused') return refused;
  if (refused.code === LEFT) return { ...refused, otherWay: true };
  const isOtherwise = isDown({ services: await cloud.services() }, from) !== (needs === 'down');
  return isOtherwise ? { ...refused, otherWay: true } : refused;
}

/**
 * The write that concludes a migration. For a while after Nova has accepted it the server looks as it did before, and a
 * second request would be refused; so a newer event of its kind than before is evidence as well.
 * @param isOver whether the server shows that nothing is left to be concluded
 */
export function concludingWrite(
  context: InstanceActionContext,
  action: ConclusionEvent,
  request: () => Promise<void>,
  isOver: (server: Server | undefined) => boolean,
): JournaledWrite {
  const { cloud, instanceId } = context;
  return {
    before: async () => ({ event: (await newestEvent(context, action))?.requestId ?? null }),
    run: request,
    probe: async (before) => {
      if (isOver(await cloud.server(instanceId))) return true;
      const event = await newestEvent(context, action);
      return event !== undefined && before.event !== undefined && event.requestId !== before.event;
    },
  };
}

/** The code of a refusal of ours: whoever moved the instance meanwhile, it is not to be moved from there. */
const LEFT = 'not-there';

/** A request is repeated for minutes where Nova is busy, and the owner may resize the instance off its host meanwhile. */
async function requireOn({ cloud, instanceId, from }: InstanceActionContext): Promise<void> {
  const server = await cloud.server(instanceId);
  if (server === undefined || server.host === from) return;
  throw new FenixError('terminal', LEFT, `Instance ${instanceId} is not on ${from} any more, but on ${server.host}.`);
}

/** What Nova refused for good, as an outcome; undefined where it did not. */
export async function orRefusal(
  write: () => Promise<void>,
): Promise<Extract<MoveOutcome, { result: 'gone' | 'refused' }> | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    if (!(error instanceof FenixError) || error.code === 'lease-lost') throw error;
    if (error.kind === 'missing') return { result: 'gone' };
    return { result: 'refused', code: error.code, message: error.message };
  }
}

/** The instance's newest migration. */
export async function newest({ cloud, instanceId }: InstanceActionContext): Promise<Migration | undefined> {
  return (await cloud.migrations(instanceId))[0];
}

/**
 * That Nova's scheduler did not take the target. Nova says so nowhere but in a migration in error that never got one,
 * and in the message of the instance action (seen with Nova 26).
 */
export function refusedByScheduler(
  { instanceId, from, target }: InstanceActionContext,
  migration: Migration | undefined,
): MoveOutcome | undefined {
  const isOurs = migration?.status === 'error' && migration.sourceHost === from && migration.targetHost === null;
  return isOurs ? noValidHost(instanceId, target) : undefined;
}

export function noValidHost(instanceId: string, target: string | null): MoveOutcome {
  const message = `Nova did not find host ${target} fit for instance ${instanceId}.`;
  return { result: 'refused', code: NO_VALID_HOST, message };
}

/** The newest thing of a kind that was done to the instance. */
export async function newestEvent(
  { cloud, instanceId }: InstanceActionContext,
  action: MigrationEvent | ConclusionEvent,
): Promise<InstanceEvent | undefined> {
  return (await cloud.instanceEvents(instanceId)).find((event) => event.action === action);
}

/** An admin wanted moves taken back before this one was asked for. */
export function notBegun({ instanceId }: InstanceActionContext): MoveOutcome {
  return {
    result: 'refused',
    code: 'aborted',
    message: `The move of instance ${instanceId} was given up before it began.`,
  };
}

/** Whether a write succeeded that the cloud may refuse without harm; the refusal is only logged. */
export async function refusable({ log }: InstanceActionContext, write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (!(error instanceof FenixError) || error.code === 'lease-lost') throw error;
    log.warn({ code: error.code, reason: error.message }, 'the cloud does not take the move back');
    return false;
  }
}
