import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import type { Server } from '../../src/workflow/cloud-port.js';
import { coldMigrate } from '../../src/workflow/cold-migration.js';
import type { InstanceActionContext, InstanceActionPlugin, MoveOutcome } from '../../src/workflow/contract.js';
import { acceptMigration, isIdle, newest } from '../../src/workflow/migrations.js';
import { NOT_PROVEN } from '../../src/workflow/room.js';

/** How long Nova may take to take a migration back, seconds. */
const ABORT_WAIT_S = 60;

/** It does not run, or it is (after a crash) in the middle of the cold migration that was begun therefore. */
const COLD = new Set(['SHUTOFF', 'RESIZE', 'VERIFY_RESIZE']);

/** Live migration to a named target; an instance that does not run is migrated cold (v1 §5.2). */
async function run(context: InstanceActionContext): Promise<MoveOutcome> {
  const { cloud, instanceId, settings } = context;
  const server = await cloud.server(instanceId);
  if (server === undefined) return { result: 'gone' };
  if (COLD.has(server.status)) return coldMigrate(context);
  let outcome: MoveOutcome = { result: 'failed', code: 'not-tried', message: 'The live migration was not tried.' };
  for (let round = 1; round <= settings.liveMigrationRetries + 1; round += 1) {
    outcome = await migrateOnce(context, round);
    if (outcome.result !== 'failed' || outcome.code !== 'live-migration-failed') return outcome;
    context.log.warn({ round }, outcome.message);
    const refusal = await refusedBy(context);
    if (refusal !== undefined) return refusal;
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
  const accepted = await acceptMigration(context, `live-migrate-${round}`, () => cloud.liveMigrate(instanceId, target));
  if (accepted !== undefined) return accepted;
  const until = plusSeconds(clock.now(), settings.liveMigrationWaitS);
  const judge = (server: Server | undefined): MoveOutcome | undefined => {
    if (server === undefined) return { result: 'gone' };
    if (server.status === 'ERROR') {
      return { result: 'failed', code: 'instance-error', message: `Instance ${instanceId} went to ERROR.` };
    }
    if (!isIdle(server)) return undefined;
    if (server.host !== from && server.host !== null) return { result: 'moved', host: server.host };
    const message = `The live migration of instance ${instanceId} to ${target} did not succeed.`;
    return { result: 'failed', code: 'live-migration-failed', message };
  };
  const outcome = await context.watch(judge, until);
  if (outcome !== undefined) return outcome;
  await abort(context, round);
  const message = `The live migration of instance ${instanceId} did not end within ${settings.liveMigrationWaitS} s.`;
  const late = await context.watch(judge, plusSeconds(clock.now(), ABORT_WAIT_S));
  return late !== undefined && late.result !== 'failed' ? late : { result: 'failed', code: 'time-out', message };
}

/** Takes a migration back that lasts too long; one that ended in this moment cannot be, which does no harm. */
async function abort(context: InstanceActionContext, round: number): Promise<void> {
  const { cloud, instanceId, log } = context;
  const migration = await newest(context);
  if (migration === undefined) return;
  try {
    await context.once(`abort-${round}`, {
      run: () => cloud.abortLiveMigration(instanceId, migration.id),
      probe: async () => (await cloud.server(instanceId))?.taskState !== 'migrating',
    });
  } catch (error) {
    if (!(error instanceof FenixError) || error.code === 'lease-lost') throw error;
    log.warn({ code: error.code, reason: error.message }, 'live migration could not be aborted');
  }
}

export default {
  name: 'LIVE_MIGRATE',
  version: '1.0.0',
  description: 'Nova live migration to a named, proven target',
  needsTarget: true,
  run,
} satisfies InstanceActionPlugin;
