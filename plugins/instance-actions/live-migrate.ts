import { plusSeconds } from '../../src/common/clock.js';
import { coldMigrate } from '../../src/workflow/cold-migration.js';
import type { InstanceActionContext, InstanceActionPlugin, MoveOutcome } from '../../src/workflow/contract.js';
import { acceptMigration, isIdle } from '../../src/workflow/migrations.js';

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
  }
  return outcome;
}

async function migrateOnce(context: InstanceActionContext, round: number): Promise<MoveOutcome> {
  const { cloud, instanceId, settings, clock, from } = context;
  const target = context.target as string;
  const accepted = await acceptMigration(context, `live-migrate-${round}`, () => cloud.liveMigrate(instanceId, target));
  if (accepted !== undefined) return accepted;
  const until = plusSeconds(clock.now(), settings.liveMigrationWaitS);
  const outcome = await context.watch<MoveOutcome>((server) => {
    if (server === undefined) return { result: 'gone' };
    if (server.status === 'ERROR') {
      return { result: 'failed', code: 'instance-error', message: `Instance ${instanceId} went to ERROR.` };
    }
    if (!isIdle(server)) return undefined;
    if (server.host !== from && server.host !== null) return { result: 'moved', host: server.host };
    const message = `The live migration of instance ${instanceId} to ${target} did not succeed.`;
    return { result: 'failed', code: 'live-migration-failed', message };
  }, until);
  const message = `The live migration of instance ${instanceId} did not end within ${settings.liveMigrationWaitS} s.`;
  return outcome ?? { result: 'failed', code: 'time-out', message };
}

export default {
  name: 'LIVE_MIGRATE',
  version: '1.0.0',
  description: 'Nova live migration to a named, proven target',
  needsTarget: true,
  run,
} satisfies InstanceActionPlugin;
