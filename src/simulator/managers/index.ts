import type { Clock } from '../../common/clock.js';
import type { Cloud } from '../cloud.js';
import { Application } from './application.js';
import { ConstraintRecords } from './constraint-records.js';
import { dialectOf } from './dialects/index.js';
import { Lifecycle } from './lifecycle.js';
import type { Manager } from './manager.js';
import type { ManagerOptions } from './options.js';
import { TenantSession } from './tenant-session.js';

export { Application, type Outage } from './application.js';
export { Manager } from './manager.js';
export {
  ASKED_STATES,
  type AskedState,
  DIALECTS,
  type Dialect,
  type ManagerAction,
  type ManagerOptions,
} from './options.js';
export type { ManagerReply } from './replies.js';

export interface AddManagersOptions extends ManagerOptions {
  /** Names of the projects that get one; default all tenants. */
  readonly projects?: readonly string[];
}

/** Where managers live: the cloud to listen to, and how to reach it. */
export interface ManagersHome {
  readonly cloud: Cloud;
  readonly authUrl: string;
  readonly clock: Clock;
  readonly tokenClock: Clock;
}

/**
 * Starts a manager for one project, whose only user has the project's name as name and password. What the topology says
 * of the project's manager counts more than `options`.
 *
 * @returns undefined for the dialect `none`
 */
export async function startManager(
  home: ManagersHome,
  projectName: string,
  given: ManagerOptions,
): Promise<Manager | undefined> {
  const { cloud, authUrl, clock, tokenClock } = home;
  const project = [...cloud.projects.values()].find(({ name }) => name === projectName);
  const options = { ...given, ...project?.manager };
  const dialect = dialectOf(options.dialect ?? 'reference');
  if (dialect === undefined) return undefined;
  const credentials = { username: projectName, password: projectName, projectName };
  const session = new TenantSession(authUrl, credentials, tokenClock, options.dialect !== 'url');
  const projectId = await session.projectId();
  const application = applicationOf(cloud, projectId, options.needed ?? 1);
  const lifecycle = new Lifecycle(session, application, clock);
  const groups = () => [...cloud.groups.values()].filter((group) => group.project.id === projectId);
  const problem = (sentence: string): number => manager.problems.push(sentence);
  const records = new ConstraintRecords(session, application, groups, options, problem);
  const manager: Manager = new dialect({ projectId, application, session, lifecycle, records, clock, options });
  await manager.start();
  return manager;
}

/** All that a project has when its manager starts serves its users; of later ones only what the manager adds. */
function applicationOf(cloud: Cloud, projectId: string, needed: number): Application {
  const impactable = (groupId: string | null): number => cloud.groups.get(groupId ?? '')?.maxImpacted ?? 1;
  const application = new Application(needed, () => cloud.now(), impactable);
  for (const instance of cloud.instances().reverse())
    if (instance.projectId === projectId) {
      application.adopt(instance.id);
      application.take({ instance, gone: false, excused: false });
    }
  cloud.onInstance((change) => {
    if (change.instance.projectId === projectId) application.take(change);
  });
  return application;
}
