import { type Clock, plusSeconds } from '../common/clock.js';
import { FenixError } from '../common/errors.js';
import { type Left, type LeftStopped, STUCK_AFTER_S } from '../db/leftover-repository.js';
import type { Repositories } from '../db/repositories.js';
import type { HistoryEntry } from '../model/index.js';
import type { CloudPort, ComputeService, HeldRoom } from '../workflow/cloud-port.js';
import { computeServiceOf, OUR_REASON } from '../workflow/hosts.js';

/** A compute service that is disabled with a reason of ours. */
export interface DisabledService {
  readonly host: string;
  readonly reason: string;
  /** As the reason has it. */
  readonly sessionId: string;
  /** `running`: an engine works on it, or will; `unknown`: not in this database. */
  readonly session: 'running' | 'closed' | 'unknown';
}

/** What the database knows of. */
export function knownLeftovers({ leftovers }: Repositories, clock: Clock): Promise<Left> {
  return leftovers.all(plusSeconds(clock.now(), -STUCK_AFTER_S));
}

/** Those of the cloud's services that are disabled in our name, of sessions that still run as well. */
export async function disabledServices(
  { sessions }: Repositories,
  services: readonly ComputeService[],
): Promise<DisabledService[]> {
  const ours = services.filter(isOurs);
  return Promise.all(
    ours.map(async ({ host, disabledReason }) => {
      const reason = disabledReason ?? '';
      const sessionId = sessionOf(reason);
      return { host, reason, sessionId, session: await stateOf(sessions, sessionId) };
    }),
  );
}

async function stateOf(sessions: Repositories['sessions'], sessionId: string): Promise<DisabledService['session']> {
  const closed = await sessions.isClosed(sessionId);
  return closed === undefined ? 'unknown' : closed ? 'closed' : 'running';
}

/** Room that Placement holds in Fenix's name. */
export interface StandingRoom extends HeldRoom {
  /** Null: of none that this database knows. */
  readonly sessionId: string | null;
  /** As with {@link DisabledService}. */
  readonly session: DisabledService['session'];
}

/** All of it, of sessions that still run as well. Whose Placement, or whose rights, do not let them hold any have none. */
export async function standingRooms(
  { placeholders, sessions }: Repositories,
  cloud: Pick<CloudPort, 'heldRooms'>,
): Promise<StandingRoom[]> {
  const rooms = await cloud.heldRooms().catch((error: unknown) => {
    if (error instanceof FenixError && (error.kind === 'denied' || error.code === 'cloud-too-old')) return [];
    throw error;
  });
  // Read after Placement was: what it holds for us was written down before.
  const known = new Map((await placeholders.all()).map(({ consumer, sessionId }) => [consumer, sessionId]));
  return Promise.all(
    rooms.map(async (room): Promise<StandingRoom> => {
      const sessionId = known.get(room.consumer) ?? null;
      return { ...room, sessionId, session: sessionId === null ? 'unknown' : await stateOf(sessions, sessionId) };
    }),
  );
}

/** Has Placement give up what no session that runs has it hold. @returns what that was */
export async function releaseRooms(repositories: Repositories, cloud: CloudPort): Promise<StandingRoom[]> {
  const left = (await standingRooms(repositories, cloud)).filter(({ session }) => session !== 'running');
  for (const { consumer } of left) {
    await cloud.letRoomGo(consumer);
    await repositories.placeholders.remove(consumer);
  }
  return left;
}

export interface Release {
  readonly host: string;
  /** Also while a session that is not closed has the host. */
  readonly force: boolean;
  readonly who: string;
}

/**
 * Gives a host back that a session left disabled, with the instances that it left stopped there (L6), and writes so into
 * the history of each session concerned.
 * @returns whether its compute service was disabled until now
 * @throws FenixError when there is no such service, a session still has the host, or somebody else disabled it
 */
export async function releaseHost(
  repositories: Repositories,
  cloud: CloudPort,
  clock: Clock,
  { host, force, who }: Release,
): Promise<boolean> {
  const service = computeServiceOf({ services: await cloud.services() }, host);
  if (service === undefined) {
    throw new FenixError('missing', 'unknown-host', `Nova has no compute service on a host ${host}.`);
  }
  if (!force) await requireFree(repositories, host, service);
  const stopped = (await repositories.leftovers.stopped()).filter(({ sourceHost }) => sourceHost === host);
  if (!service.enabled && !isOurs(service) && stopped.length === 0) throw notOurs(service);
  for (const left of stopped) await startLeft(repositories, cloud, clock, left, who);
  const isDisabled = !service.enabled && isOurs(service);
  if (isDisabled) await cloud.enableService(service.id);
  await repositories.database.transaction(async (tx) => {
    const owing = await repositories.hosts.forgetDisabled(host, tx);
    const named = isDisabled ? [sessionOf(service.disabledReason ?? '')] : [];
    const details = { host, reason: service.disabledReason, forced: force };
    const line = { seq: null, at: clock.now(), who, what: 'host-released', details };
    const concerned = [...new Set([...owing, ...named])].filter((sessionId) => sessionId !== '');
    await repositories.history.append(
      concerned.map((sessionId): HistoryEntry => ({ ...line, sessionId })),
      tx,
    );
  });
  return isDisabled;
}

/** Starts what a closed session left stopped on the host, unless somebody else has done something with it since. */
async function startLeft(
  repositories: Repositories,
  cloud: CloudPort,
  clock: Clock,
  { sessionId, instanceId, attempt, sourceHost }: LeftStopped,
  who: string,
): Promise<void> {
  const server = await cloud.server(instanceId);
  if (server?.status === 'SHUTOFF' && server.host === sourceHost) await cloud.start(instanceId);
  const at = clock.now();
  const details = { instance: instanceId, host: sourceHost };
  await repositories.database.transaction(async (tx) => {
    await repositories.impacts.end({ sessionId, instanceId, attempt }, at, at, tx);
    await repositories.history.append([{ sessionId, seq: null, at, who, what: 'instance-started', details }], tx);
  });
}

/** Neither the session that claims the host nor the one that its reason names may still have work to do. */
async function requireFree(
  { claims, sessions }: Repositories,
  host: string,
  { disabledReason }: ComputeService,
): Promise<void> {
  for (const sessionId of [await claims.ownerOf(host), sessionOf(disabledReason ?? '')]) {
    if (sessionId === undefined || (await sessions.isClosed(sessionId)) !== false) continue;
    const message = `Session ${sessionId} is not closed and has host ${host}: it gives it back itself, unless --force is given.`;
    throw new FenixError('conflict', 'host-owned', message);
  }
}

function isOurs({ binary, enabled, disabledReason }: ComputeService): boolean {
  return binary === 'nova-compute' && !enabled && (disabledReason ?? '').startsWith(OUR_REASON);
}

function notOurs({ host, disabledReason }: ComputeService): FenixError {
  const reason = disabledReason === null ? 'no reason' : `the reason "${disabledReason}"`;
  return new FenixError('conflict', 'not-ours', `Host ${host} was disabled by somebody else, with ${reason}.`);
}

/** The id in a reason of ours, 36 characters at most; '' in any other. */
function sessionOf(reason: string): string {
  return /^fenix ([0-9a-f-]{36})(?![0-9a-f-])/.exec(reason)?.[1] ?? '';
}
