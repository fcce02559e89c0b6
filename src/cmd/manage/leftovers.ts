import type { Command } from 'commander';
import type { DependencyContainer } from 'tsyringe';
import { Clock } from '../../common/clock.js';
import { FenixError } from '../../common/errors.js';
import type { Left } from '../../db/leftover-repository.js';
import { Repositories } from '../../db/repositories.js';
import {
  type DisabledService,
  disabledServices,
  knownLeftovers,
  releaseHost,
  releaseRooms,
  type StandingRoom,
  standingRooms,
} from '../../engine/leftovers.js';
import { CloudPort } from '../../workflow/cloud-port.js';
import { registerCloud } from '../wiring/cloud.js';
import { say, WHO, withInstallation } from './installation.js';

/** What the cloud shows, or why it shows nothing. */
type Asked =
  | { readonly services: readonly DisabledService[]; readonly rooms: readonly StandingRoom[] }
  | { readonly services: null; readonly why: string };

export function addLeftovers(program: Command): void {
  const leftovers = program.command('leftovers').description('what sessions left undone');
  leftovers
    .command('list')
    .description('say what was left in the database and, if it can be asked, in the cloud')
    .option('--json', 'as one JSON object')
    .action(({ json = false }: { json?: boolean }) =>
      withInstallation(program, async (parts) => {
        const repositories = parts.resolve(Repositories);
        const known = await knownLeftovers(repositories, parts.resolve<Clock>(Clock));
        const asked = await askCloud(repositories, parts);
        if (json) say(JSON.stringify({ ...known, cloud: asked }, null, 2));
        else for (const line of leftoverLines(known, asked)) say(line);
      }),
    );
  leftovers
    .command('release <host>')
    .description('enable the compute service that a closed or unknown session left disabled')
    .option('--force', 'also while a session that is not closed has the host')
    .action((host: string, { force = false }: { force?: boolean }) =>
      withInstallation(program, async (parts) => {
        const cloud = cloudOf(parts);
        const clock = parts.resolve<Clock>(Clock);
        const enabled = await releaseHost(parts.resolve(Repositories), cloud, clock, { host, force, who: WHO });
        say(enabled ? `Host ${host} is enabled again.` : `Host ${host} was enabled already; nobody owes it any more.`);
      }),
    );
  leftovers
    .command('release-room')
    .description('let Placement give up the room that it holds for closed or unknown sessions')
    .action(() =>
      withInstallation(program, async (parts) => {
        const released = await releaseRooms(parts.resolve(Repositories), cloudOf(parts));
        for (const room of released) say(`Released: ${roomLine(room)}`);
        if (released.length === 0) say('Placement holds no room for closed or unknown sessions.');
      }),
    );
}

/** @throws FenixError `config-invalid` without an address of Keystone */
function cloudOf(parts: DependencyContainer): CloudPort {
  registerCloud(parts);
  return parts.resolve<CloudPort>(CloudPort);
}

async function askCloud(repositories: Repositories, parts: DependencyContainer): Promise<Asked> {
  try {
    const cloud = cloudOf(parts);
    return {
      services: await disabledServices(repositories, await cloud.services()),
      rooms: await standingRooms(repositories, cloud),
    };
  } catch (error) {
    if (!(error instanceof FenixError)) throw error;
    return { services: null, why: error.message };
  }
}

function leftoverLines({ hosts, moves, stopped, projects, notifications }: Left, asked: Asked): string[] {
  const disabled = new Map(asked.services?.map((service) => [service.host, service]));
  const now = (host: string): string =>
    asked.services === null ? '' : disabled.has(host) ? '' : ' (not disabled by us any more, says the cloud)';
  return [
    ...section(
      'Hosts that closed sessions left disabled',
      hosts.map(({ hostname, state, ...by }) => `${hostname}  ${state}  ${sessionOf(by)}${now(hostname)}`),
    ),
    ...section(
      'Moves that are not finished or not confirmed',
      moves.map(
        (move) => `${move.instanceId}  ${move.action}  ${move.state} ${timeOf(move.begunAt)}  ${sessionOf(move)}`,
      ),
    ),
    ...section(
      'Instances that were stopped while their host was out and not started again',
      stopped.map(
        ({ instanceId, sourceHost, startedAt, ...by }) =>
          `${instanceId}  on ${sourceHost}  since ${timeOf(startedAt)}  ${sessionOf(by)}`,
      ),
    ),
    ...section(
      'Projects that scaled in and were not told MAINTENANCE_COMPLETE',
      projects.map(({ projectId, ...by }) => `${projectId}  ${sessionOf(by)}`),
    ),
    ...section(
      'Notifications that do not go out',
      notifications.map(
        ({ eventType, createdAt, attempts, error, ...by }) =>
          `${eventType}  ${timeOf(createdAt)}  ${attempts} attempt(s)  ${sessionOf(by)}${error === null ? '' : `  ${error}`}`,
      ),
    ),
    ...(asked.services === null
      ? [`The cloud was not asked, this is what the database knows: ${asked.why}`]
      : [
          ...section(
            'Compute services that are disabled in our name',
            asked.services.map(({ host, reason, session }) => `${host}  session ${session}  "${reason}"`),
          ),
          ...section('Room that Placement holds in our name', asked.rooms.map(roomLine)),
        ]),
  ];
}

function roomLine({ host, consumer, resources, session, sessionId }: StandingRoom): string {
  const { vcpus, memoryMb, diskGb } = resources;
  const whose = sessionId === null ? 'session unknown' : `session ${session} ${sessionId}`;
  return `${host}  ${vcpus} vCPUs, ${memoryMb} MB, ${diskGb} GB  ${whose}  consumer ${consumer}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${title}: none`] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

const sessionOf = ({ sessionId, sessionState }: { sessionId: string; sessionState: string }): string =>
  `session ${sessionId} (${sessionState})`;

const timeOf = (at: Date): string => at.toISOString().slice(0, 19).replace('T', ' ');
