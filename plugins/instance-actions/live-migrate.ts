import { plusSeconds } from '../../src/common/clock.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import { coldMigrate, settleLate } from '../../src/workflow/cold-migration.js';
import type { InstanceActionContext, InstanceActionPlugin, MoveOutcome } from '../../src/workflow/contract.js';
import {
  acceptMigration,
  concludingWrite,
  isIdle,
  newest,
  notBegun,
  refusable,
  refusedByScheduler,
} from '../../src/workflow/migrations.js';
import { NOT_PROVEN } from '../../src/workflow/room.js';

/** How long Nova may take to take a migration back, seconds. */
const ABORT_WAIT_S = 60;
/** How long a migration that was forced may still last, seconds. */
const FORCED_WAIT_S = 60;

/** It does not run, or it is (after a crash) in the middle of the cold migration that was begun therefore. */
const COLD = new Set(['SHUTOFF', 'RESIZE', 'VERIFY_RESIZE']);

/** In which Nova lets a live migration be aborted (queued and preparing: microversion 2.65). */
const ABORTABLE = new Set(['queued', 'preparing', 'running']);
/** In which nothing has begun yet: it queues behind Nova's own limit, or its hosts make ready. */
const QUEUED = new Set(['accepted', 'queued', 'preparing']);

/** Live migration to a named target; an instance that does not run is migrated cold (v1 §5.2). */
async function run(context: InstanceActionContext): Promise<MoveOutcome> {
  const { cloud, instanceId, settings } = context;
  const server = await cloud.server(instanceId);
  if (server === undefined) return { result: 'gone' };
  if (COLD.has(server.status) || (await context.begun('migrate'))) return coldMigrate(context);
  if (context.takeBack.aborted && !(await context.begun('live-migrate-1'))) return notBegun(context);
  let outcome: MoveOutcome = { result: 'failed', code: 'not-tried', message: 'The live migration was not tried.' };
  for (let round = 1; round <= settings.liveMigrationRetries + 1; round += 1) {
    outcome = await migrateOnce(context, round);
    if (outcome.result !== 'failed' || outcome.code !== 'live-migration-failed') return outcome;
    if (context.takeBack.aborted) return { result: 'reverted', message: outcome.message };
    context.log.warn({ round }, outcome.message);
    const refusal = (await refusedBy(context)) ?? refusedByScheduler(context, await newest(context));
    if (refusal !== undefined)
      return round > 1 && refusal.result === 'refused' ? { ...refusal, touched: true } : refusal;
  }
  return outcome;
}

/** The room was taken, or the service disabled, since the target was proven: that is no failure, and no use to repeat. */
async function refusedBy({ cloud, instanceId, target }: InstanceActionContext): Promise<MoveOutcome | undefined> {
  const server = await cloud.server(instanceId);
  if (server === undefined) return { result: 'gone' };
  const proof = await cloud.proves(target as string, server.resources);
  return proof.fits ? undefined : { result: 'refused', code: NOT_PROVEN, message: proof.why };
}

async function migrateOnce(context: InstanceActionContext, round: number): Promise<MoveOutcome> {
  const { cloud, instanceId, settings, clock, from } = context;
  const target = context.target as string;
  const accepted = await acceptMigration(context, `live-migrate-${round}`, 'live-migration', () =>
    cloud.liveMigrate(instanceId, target),
  );
  if (accepted !== undefined) return accepted;
  // What an earlier life had asked for is gone on with, whatever the server shows by now.
  let asked = await context.begun(`abort-${round}`);
  if (asked) await abort(context, round);
  const wasLate = !context.takeBack.aborted && (asked || (await context.begun(`force-complete-${round}`)));
  const judge = async (server: Server | undefined): Promise<MoveOutcome | undefined> => {
    if (server === undefined) return { result: 'gone' };
    if (server.status === 'ERROR') {
      return { result: 'failed', code: 'instance-error', message: `Instance ${instanceId} went to ERROR.` };
    }
    if (!isIdle(server)) {
      if (context.takeBack.aborted && !asked) asked = await takeBack(context, round);
      return undefined;
    }
    if (server.host !== from && server.host !== null) return { result: 'moved', host: server.host };
    const message = `The live migration of instance ${instanceId} to ${target} did not succeed.`;
    return { result: 'failed', code: 'live-migration-failed', message };
  };
  const begun = wasLate ? 'running' : await untilRunning(context, judge);
  if (typeof begun === 'object') return begun;
  const isLate = wasLate || begun === undefined;
  const outcome = isLate
    ? undefined
    : await context.watch(judge, plusSeconds(clock.now(), settings.liveMigrationWaitS));
  if (outcome !== undefined) return outcome;
  const mayForce = settings.liveMigrationTimeoutAction === 'force_complete' && begun !== undefined && !asked;
  if (mayForce && (await forceComplete(context, round))) {
    const forced = await context.watch(judge, plusSeconds(clock.now(), FORCED_WAIT_S));
    if (forced !== undefined) return forced;
  }
  await abort(context, round);
  const message =
    begun === undefined
      ? `The live migration of instance ${instanceId} did not begin within ${settings.busyTimeoutS} s.`
      : `The live migration of instance ${instanceId} did not end within ${settings.liveMigrationWaitS} s.`;
  const late = await context.watch(judge, plusSeconds(clock.now(), ABORT_WAIT_S));
  if (late === undefined) return { result: 'failed', code: 'time-out', message, underWay: true };
  return late.result === 'failed' ? { result: 'failed', code: 'time-out', message } : late;
}

/**
 * An instance is interrupted by a migration that runs, not by one that queues (v1 §5.3 V8).
 * @returns the outcome of one that ended before it was seen to run, undefined if it queued for `busy_timeout`
 */
function untilRunning(
  context: InstanceActionContext,
  judge: (server: Server | undefined) => Promise<MoveOutcome | undefined>,
): Promise<MoveOutcome | 'running' | undefined> {
  const seen = async (server: Server | undefined): Promise<MoveOutcome | 'running' | undefined> => {
    const outcome = await judge(server);
    if (outcome !== undefined) return outcome;
    const migration = await newest(context);
    return migration === undefined || QUEUED.has(migration.status) ? undefined : 'running';
  };
  return context.watch(seen, plusSeconds(context.clock.now(), context.settings.busyTimeoutS));
}

/** As an admin wants it. @returns false while Nova has not come far enough with the migration */
async function takeBack(context: InstanceActionContext, round: number): Promise<boolean> {
  const migration = await newest(context);
  if (!ABORTABLE.has(migration?.status ?? '') && !(await context.begun(`abort-${round}`))) return false;
  await abort(context, round);
  return true;
}

/** Whether Nova took that; it does for running ones only. */
async function forceComplete(context: InstanceActionContext, round: number): Promise<boolean> {
  const { cloud, instanceId } = context;
  const migration = await newest(context);
  if (migration === undefined) return false;
  const force = (): Promise<void> => cloud.forceCompleteLiveMigration(instanceId, migration.id);
  const write = concludingWrite(context, 'live_migration_force_complete', force, hasEnded);
  return refusable(context, () => context.once(`force-complete-${round}`, write));
}

/** Takes a migration back; one that ended in this moment cannot be, which does no harm. */
async function abort(context: InstanceActionContext, round: number): Promise<void> {
  const { cloud, instanceId } = context;
  const migration = await newest(context);
  if (migration === undefined) return;
  const cancel = (): Promise<void> => cloud.abortLiveMigration(instanceId, migration.id);
  const write = concludingWrite(context, 'live_migration_cancel', cancel, hasEnded);
  await refusable(context, () => context.once(`abort-${round}`, write));
}

function hasEnded(server: Server | undefined): boolean {
  return server?.taskState !== 'migrating';
}

export default {
  name: 'LIVE_MIGRATE',
  version: '1.0.0',
  description: 'Nova live migration to a named, proven target',
  needsTarget: true,
  run,
  settle: settleLate,
} satisfies InstanceActionPlugin;
