import { plusSeconds } from '../../src/common/clock.js';
import { FenixError } from '../../src/common/errors.js';
import type { ComputeService } from '../../src/workflow/cloud-port.js';
import type { ActionContext } from '../../src/workflow/contract.js';
import { computeServiceOf, disabledReason, OUR_REASON } from '../../src/workflow/hosts.js';
import { patiently, untilThere } from './patience.js';

/** An instance that is booted on a host to see whether that works; ids. */
export interface TestInstance {
  readonly image: string;
  readonly flavor: string;
  readonly network?: string;
  /** Domain seconds until it must run. */
  readonly timeout?: number;
}

const TIMEOUT_S = 300;
/** How long Placement may lag behind the enabled service, and Nova behind the deletion. */
const LAG_S = 180;

/**
 * Boots an instance on the host and deletes it again. Nova places nothing on a host whose service is disabled, so that one
 * which Fenix disabled is enabled meanwhile, and disabled again whatever comes of it; one that others disabled is left alone,
 * and nothing is tried there.
 */
export async function tryInstance(context: ActionContext, wanted: TestInstance): Promise<void> {
  const { host, record, cloud, signal } = context;
  await removeTestServer(context);
  const service = await serviceOf(context);
  // Also where an earlier life had enabled it and did not live to disable it.
  const isOurs = (!service.enabled && isFenixs(service)) || context.remembered.enabled_for_test === true;
  if (!service.enabled && !isOurs) {
    record({ test_instance: 'left out: the host was disabled by others' });
    return;
  }
  const isBroken = await attempt(async () => {
    if (isOurs) {
      await context.remember({ enabled_for_test: true });
      await patiently(context, () => cloud.enableService(service.id, signal));
    }
    await boot(context, wanted);
  });
  // Whoever goes on with the session tidies up first.
  if (signal.aborted) throw isBroken?.error;
  await removeTestServer(context);
  if (isOurs) {
    await patiently(context, () => cloud.disableService(service.id, disabledReason(context.sessionId), signal));
    await context.remember({ enabled_for_test: null });
  }
  if (isBroken !== undefined) throw isBroken.error;
  record({ test_instance: `ran on ${host}` });
}

/** Deletes what this run, or one that was broken off, has left of it: found by its name, whatever became of it. */
export async function removeTestServer(context: ActionContext): Promise<void> {
  const { cloud, clock, signal } = context;
  const name = nameOf(context);
  const missing = async (): Promise<string | undefined> => {
    const left = await patiently(context, () => cloud.serversNamed(name, signal));
    for (const { id, taskState } of left) if (taskState !== 'deleting') await deleteServer(context, id);
    return left.length === 0 ? undefined : `Test instance ${left.map(({ id }) => id).join(', ')} is not gone yet.`;
  };
  await untilThere(context, missing, { until: plusSeconds(clock.now(), LAG_S), code: 'test-instance-left', pollS: 2 });
}

async function boot(context: ActionContext, { timeout = TIMEOUT_S, ...wanted }: TestInstance): Promise<void> {
  const { cloud, clock, host, signal } = context;
  const isEnabled = async (): Promise<string | undefined> => {
    const proof = await cloud.proves(host, { vcpus: 1, memoryMb: 1, diskGb: 0 }, signal);
    return proof.fits ? undefined : `${proof.why}.`;
  };
  await untilThere(context, isEnabled, {
    until: plusSeconds(clock.now(), LAG_S),
    code: 'test-instance-no-room',
    pollS: 2,
  });
  const id = await cloud.boot({ ...wanted, name: nameOf(context), host }, signal);
  const runs = async (): Promise<string | undefined> => {
    const server = await cloud.server(id, signal);
    if (server === undefined) throw failed(`it is gone before it ran`);
    if (server.status === 'ERROR') throw failed('Nova has it in ERROR');
    return server.status === 'ACTIVE' && server.host === host
      ? undefined
      : `Test instance ${id} is in ${server.status}.`;
  };
  await untilThere(context, runs, { until: plusSeconds(clock.now(), timeout), code: 'test-instance-failed', pollS: 2 });
}

async function deleteServer({ cloud, signal }: ActionContext, id: string): Promise<void> {
  await cloud.deleteServer(id, signal).catch((error: unknown) => {
    // Asked for again in the next round.
    if (!(error instanceof FenixError) || !(error.retryable || error.kind === 'missing' || error.kind === 'conflict')) {
      throw error;
    }
  });
}

async function serviceOf({ cloud, host, signal }: ActionContext): Promise<ComputeService> {
  const service = computeServiceOf({ services: await cloud.services(signal) }, host);
  if (service !== undefined) return service;
  throw new FenixError('terminal', 'host-not-verified', `Nova has no compute service on ${host}.`);
}

function isFenixs({ disabledReason: reason }: ComputeService): boolean {
  return (reason ?? '').startsWith(OUR_REASON);
}

function nameOf({ sessionId, host }: ActionContext): string {
  return `fenix-verify-${sessionId}-${host}`.slice(0, 255);
}

function failed(why: string): FenixError {
  return new FenixError('terminal', 'test-instance-failed', `The test instance failed: ${why}.`);
}

/** What was thrown, for those who have something to do first. */
async function attempt(work: () => Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return { error };
  }
}
