import type { Repositories } from '../db/repositories.js';
import type { JournalEntry, Session, SessionHost, SessionInstance } from '../model/index.js';
import type { CloudPort, ComputeService, Server } from '../workflow/cloud-port.js';
import { computeServiceOf } from '../workflow/hosts.js';
import { type DisabledService, disabledServices, type StandingRoom, standingRooms } from './leftovers.js';

/** What the cloud shows and the database does not know, or has otherwise. */
export interface Difference {
  /** Stable word. */
  readonly what:
    | 'service-disabled'
    | 'service-enabled'
    | 'service-of-unknown-session'
    | 'room-of-unknown-session'
    | 'instance-gone'
    | 'instance-elsewhere'
    | 'instance-busy'
    | 'instance-unconfirmed'
    | 'instance-unknown'
    | 'effect-in-doubt';
  /** Null for what belongs to no session of this database. */
  readonly sessionId: string | null;
  /** Host name or instance id. */
  readonly subject: string;
  readonly message: string;
}

/** The world, read once. */
interface World {
  readonly services: readonly ComputeService[];
  readonly servers: ReadonlyMap<string, Server>;
  readonly disabled: readonly DisabledService[];
}

/**
 * How the cloud differs from what the database says of sessions that are not closed: what happened after the backup that
 * it was restored from, before anything goes on. Reads only.
 * @throws FenixError when the cloud cannot be asked
 */
export async function differences(repositories: Repositories, cloud: CloudPort): Promise<Difference[]> {
  const [services, servers] = await Promise.all([cloud.services(), cloud.servers()]);
  const disabled = await disabledServices(repositories, services);
  const world = { services, servers: new Map(servers.map((server) => [server.id, server])), disabled };
  const rooms = await standingRooms(repositories, cloud);
  const found: Difference[] = [
    ...disabled.filter(({ session }) => session === 'unknown').map(ofUnknownSession),
    ...rooms.filter(({ session }) => session === 'unknown').map(roomOfUnknownSession),
  ];
  for (const sessionId of await repositories.sessions.openIds()) {
    const session = await repositories.sessions.getEvenDeleted(sessionId);
    if (session !== undefined) found.push(...(await ofSession(repositories, world, session)));
  }
  return found;
}

function ofUnknownSession({ host, reason }: DisabledService): Difference {
  const message = `Host ${host} is disabled with the reason "${reason}", of a session that this database does not know; "fenix-manage leftovers release ${host}" gives it back.`;
  return { what: 'service-of-unknown-session', sessionId: null, subject: host, message };
}

function roomOfUnknownSession({ host, consumer }: StandingRoom): Difference {
  const message = `Placement holds room on ${host} for consumer ${consumer}, in the name of no session that this database knows it of; "fenix-manage leftovers release-room" has it given up.`;
  return { what: 'room-of-unknown-session', sessionId: null, subject: host, message };
}

async function ofSession(repositories: Repositories, world: World, { sessionId }: Session): Promise<Difference[]> {
  const hosts = (await repositories.hosts.list(sessionId)).filter(({ excluded }) => excluded === null);
  const instances = await repositories.instances.list(sessionId);
  const effects = (await repositories.journal.current(sessionId)).filter(({ state }) => state === 'begun');
  const moving = new Set(effects.map(({ subject }) => subject));
  const all = [
    ...hosts.flatMap((host) => ofHost(world, host) ?? []),
    ...instances.flatMap((instance) => ofInstance(world, instance, moving.has(instance.instanceId)) ?? []),
    ...newInstances(world, hosts, instances),
    ...effects.map(inDoubt),
  ];
  return all.map((difference) => ({ ...difference, sessionId }));
}

type Found = Omit<Difference, 'sessionId'>;

function ofHost(
  { services, disabled }: World,
  { sessionId, hostname, isCompute, disabled: known }: SessionHost,
): Found[] {
  const service = computeServiceOf({ services }, hostname);
  if (!isCompute || service === undefined) return [];
  const isOurs = disabled.some((one) => one.host === hostname && one.sessionId === sessionId);
  if (isOurs && !known) {
    const message = `Host ${hostname} is disabled in the session's name, but the database says that it is not: the session takes it when its turn comes.`;
    return [{ what: 'service-disabled', subject: hostname, message }];
  }
  if (known && service.enabled) {
    const message = `Host ${hostname} is enabled, but the database says that the session disabled it: it was given back since, or by somebody else.`;
    return [{ what: 'service-enabled', subject: hostname, message }];
  }
  return [];
}

/** @param isMoving whether an effect of ours that has no outcome yet looks after it */
function ofInstance(
  { servers }: World,
  { instanceId, host, state }: SessionInstance,
  isMoving: boolean,
): Found | undefined {
  if (state === 'GONE') return undefined;
  const server = servers.get(instanceId);
  const subject = instanceId;
  if (server === undefined) {
    return { what: 'instance-gone', subject, message: `Instance ${instanceId}, last seen on ${host}, is gone.` };
  }
  if (server.taskState !== null) {
    const message = `Instance ${instanceId} is ${server.status} on ${server.host} (${server.taskState}); it was last seen on ${host}.`;
    return { what: 'instance-busy', subject, message };
  }
  if (server.status === 'VERIFY_RESIZE' && !isMoving) {
    const message = `Instance ${instanceId}, last seen on ${host}, waits on ${server.host} for its resize or migration to be confirmed. If a session began it after the backup, nobody does that but you: openstack server resize confirm ${instanceId}`;
    return { what: 'instance-unconfirmed', subject, message };
  }
  if (server.host === host) return undefined;
  const message = `Instance ${instanceId} is on ${server.host ?? 'no host'}; it was last seen on ${host}.`;
  return { what: 'instance-elsewhere', subject, message };
}

function newInstances({ servers }: World, hosts: readonly SessionHost[], known: readonly SessionInstance[]): Found[] {
  const ids = new Set(known.map(({ instanceId }) => instanceId));
  const names = new Set(hosts.map(({ hostname }) => hostname));
  const fresh = [...servers.values()].filter(({ id, host }) => host !== null && names.has(host) && !ids.has(id));
  return fresh.map(({ id, host }) => ({
    what: 'instance-unknown',
    subject: id,
    message: `Instance ${id} is on ${host}; the session has not seen it yet.`,
  }));
}

function inDoubt({ subject, action, begunAt }: JournalEntry): Found {
  const since = begunAt.toISOString().slice(0, 19).replace('T', ' ');
  const message = `${action} of ${subject} was begun at ${since} and has no outcome: the engine looks in the cloud before it does anything.`;
  return { what: 'effect-in-doubt', subject, message };
}
