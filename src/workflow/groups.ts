import { allowedImpacts, type GroupConstraints } from '../model/index.js';
import type { Server } from './cloud-port.js';
import { isDown } from './hosts.js';
import { serverOf } from './server-index.js';
import type { SessionView } from './view.js';

/** An instance group as the safety rules see it now (v1 §4.1, §5.3). */
export interface Group {
  /** Unique over projects. */
  readonly groupId: string;
  /** Impacted members allowed at the same time, by the group's present size. */
  readonly maxImpacted: number;
  /** Members that count as impacted whoever is to blame: in ERROR, on a host that is down, or off for a migration (V1). */
  readonly broken: readonly string[];
  /** Seconds of domain time after an impact before its place counts as free. */
  readonly recoveryTimeS: number;
  /** Members on one host; 0 = no limit (V4). */
  readonly maxPerHost: number;
  /** Ids of the members that Nova has; empty where maxPerHost is 0. */
  readonly members: readonly string[];
}

type GroupView = Pick<SessionView, 'cloud' | 'constraints' | 'settings'>;

/** The group of a server: its own by its project's records, else the implicit one. */
export function groupOf(view: GroupView, server: Server): Group {
  const own = view.constraints.groupOf(server.id);
  if (own !== undefined) return explicitGroup(view, own);
  return { ...implicitGroup(server, view.settings), broken: offInImplicitGroup(view, server) };
}

/** The same group's id alone, which is had without a look at its members. */
export function groupIdOf({ constraints }: Pick<GroupView, 'constraints'>, server: Server): string {
  const own = constraints.groupOf(server.id);
  return own === undefined ? implicitGroupId(server) : explicitGroupId(own);
}

/** Unique over projects. */
export function explicitGroupId({ ownerProjectId, groupId }: GroupConstraints): string {
  return `${ownerProjectId}/${groupId}`;
}

function implicitGroupId({ projectId, flavorName }: Pick<Server, 'projectId' | 'flavorName'>): string {
  return `${projectId}:${flavorName}`.slice(0, 255);
}

/** ERROR and SHUTOFF members of an implicit group do not count (v1 §5.3 V1); what Nova has off for a move does. */
function offInImplicitGroup({ cloud, constraints }: GroupView, { projectId, flavorName }: Server): string[] {
  const off = cloud.servers.filter(({ status }) => status === 'RESIZE');
  const members = off.filter((other) => other.projectId === projectId && other.flavorName === flavorName);
  return members.map(({ id }) => id).filter((id) => constraints.groupOf(id) === undefined);
}

/**
 * The implicit group of instances without a group of their own: the project's instances of one flavor. Its id is
 * derived, so that every session and engine finds the same. ERROR members do not count there.
 */
export function implicitGroup(
  server: Pick<Server, 'projectId' | 'flavorName'>,
  settings: { readonly defaultMaxImpacted: number; readonly defaultRecoveryTimeS: number },
): Group {
  return {
    groupId: implicitGroupId(server),
    maxImpacted: settings.defaultMaxImpacted,
    broken: [],
    recoveryTimeS: settings.defaultRecoveryTimeS,
    maxPerHost: 0,
    members: [],
  };
}

function explicitGroup({ cloud, constraints }: GroupView, group: GroupConstraints): Group {
  const ids = constraints.membersOf(group);
  const members = ids.flatMap((id) => serverOf(cloud, id) ?? []);
  const broken = members.filter((server) => isBroken(cloud, server)).map((server) => server.id);
  return {
    groupId: explicitGroupId(group),
    // Whoever is out of service already counts among the impacted, so not once more here.
    maxImpacted: allowedImpacts(group, members.length, members.length),
    broken,
    recoveryTimeS: group.recoveryTimeS,
    maxPerHost: group.maxInstancesPerHost,
    members: group.maxInstancesPerHost === 0 ? [] : ids,
  };
}

/** RESIZE: Nova has it off, for its owner's resize, or for a move of ours that we have given up on and Nova has not. */
function isBroken(cloud: SessionView['cloud'], { status, host }: Server): boolean {
  return status === 'ERROR' || status === 'RESIZE' || (host !== null && isDown(cloud, host));
}
