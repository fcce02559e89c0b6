import type { Clock } from '../../common/clock.js';
import type { Cloud } from '../cloud.js';
import { Application } from './application.js';
import { Lifecycle } from './lifecycle.js';
import { Manager, type ManagerOptions } from './manager.js';
import { TenantSession } from './tenant-session.js';

export { Application, type Outage } from './application.js';
export { Manager, type ManagerAction, type ManagerOptions, type ManagerReply } from './manager.js';

export interface AddManagersOptions extends ManagerOptions {
  /** Names of the projects that get one; default all tenants. */
  readonly projects?: readonly string[];
  /** Active members of each part of an application, default 1. */
  readonly needed?: number;
}

/** Where managers live: the cloud to listen to, and how to reach it. */
export interface ManagersHome {
  readonly cloud: Cloud;
  readonly authUrl: string;
  readonly clock: Clock;
  readonly tokenClock: Clock;
}

/** Starts a manager for one project, whose only user has the project's name as name and password. */
export async function startManager(home: ManagersHome, project: string, options: AddManagersOptions): Promise<Manager> {
  const { cloud, authUrl, clock, tokenClock } = home;
  const session = new TenantSession(
    authUrl,
    { username: project, password: project, projectName: project },
    tokenClock,
  );
  const projectId = await session.projectId();
  const application = new Application(options.needed ?? 1, () => cloud.now());
  for (const instance of cloud.instances().reverse())
    if (instance.projectId === projectId) application.take({ instance, gone: false });
  cloud.onInstance((change) => {
    if (change.instance.projectId === projectId) application.take(change);
  });
  const lifecycle = new Lifecycle(session, application, clock);
  const manager = new Manager(projectId, application, session, lifecycle, clock, options);
  await manager.start();
  return manager;
}
