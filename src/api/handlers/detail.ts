import { isOwedStart, type Session, type SessionHost } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { actionView, hostView, impactView, instanceView, projectView, runView } from './detail-views.js';
import { reasonView, timeOrNull, waitView } from './view.js';

/** GET /v1/maintenance/{sid}/detail (v1 §1.4). */
export async function sessionDetail({ repositories }: ApiDeps, session: Session): Promise<object> {
  const { sessionId } = session;
  const [hosts, projects, instances, runs, impacts] = await Promise.all([
    repositories.hosts.list(sessionId),
    repositories.projects.list(sessionId),
    repositories.instances.list(sessionId),
    repositories.pluginRuns.list(sessionId),
    repositories.impacts.list(sessionId),
  ]);
  const stopped = new Set(impacts.filter(isOwedStart).map(({ instanceId }) => instanceId));
  return {
    ...head(session),
    hosts: hosts.filter(isIncluded).map(hostView),
    excluded: hosts.filter((host) => !isIncluded(host)).map(excludedView),
    projects: projects.map(projectView),
    instances: instances.map((instance) => instanceView(instance, stopped.has(instance.instanceId))),
    action_plugins: session.actions.map(actionView),
    action_plugin_instances: runs.map(runView),
    impacts: impacts.map(impactView),
  };
}

function head(session: Session): object {
  return {
    session_id: session.sessionId,
    state: session.state,
    prev_state: session.prevState,
    paused_at: timeOrNull(session.pausedAt),
    workflow: session.workflow,
    maintenance_at: timeOrNull(session.maintenanceAt),
    metadata: session.metadata,
    scope: session.scope,
    limits: session.limits,
    policy: session.policy,
    // Nothing but its absence is accepted yet.
    download: [],
    percent_done: session.percentDone,
    reason: session.reason && reasonView(session.reason),
    waiting: session.waiting && waitView(session.waiting),
  };
}

function isIncluded({ excluded }: SessionHost): boolean {
  return excluded === null;
}

function excludedView({ hostname, excluded }: SessionHost): object {
  return { hostname, reason: excluded };
}
