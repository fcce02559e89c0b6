import { plusSeconds } from '../../common/clock.js';
import { type Left, STUCK_AFTER_S } from '../../db/leftover-repository.js';
import { isOwedStart, type Session, type SessionHost } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { actionView, downloadView, hostView, impactView, instanceView, projectView, runView } from './detail-views.js';
import { reasonView, timeOrNull, waitView } from './view.js';

/** GET /v1/maintenance/{sid}/detail (v1 §1.4). */
export async function sessionDetail({ repositories, clock }: ApiDeps, session: Session): Promise<object> {
  const { sessionId } = session;
  const [hosts, projects, instances, runs, impacts, room, left] = await Promise.all([
    repositories.hosts.list(sessionId),
    repositories.projects.list(sessionId),
    repositories.instances.list(sessionId),
    repositories.pluginRuns.list(sessionId),
    repositories.impacts.list(sessionId),
    repositories.notices.room(sessionId),
    repositories.leftovers.ofSession(sessionId).all(plusSeconds(clock.now(), -STUCK_AFTER_S)),
  ]);
  const stopped = new Set(impacts.filter(isOwedStart).map(({ instanceId }) => instanceId));
  return {
    ...head(session),
    hosts: hosts.filter(isIncluded).map(hostView),
    excluded: hosts.filter((host) => !isIncluded(host)).map(excludedView),
    projects: projects.map(projectView),
    instances: instances.map((instance) =>
      instanceView(instance, stopped.has(instance.instanceId), room.get(instance.instanceId)),
    ),
    action_plugins: session.actions.map(actionView),
    action_plugin_instances: runs.map(runView),
    impacts: impacts.map(impactView),
    left: leftView(left),
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
    download: (session.downloads?.files ?? []).map(downloadView),
    percent_done: session.percentDone,
    reason: session.reason && reasonView(session.reason),
    waiting: session.waiting && waitView(session.waiting),
  };
}

/** What nobody looks after any more, or does not get through. */
function leftView({ hosts, moves, stopped, projects, notifications }: Left): object {
  return {
    hosts: hosts.map(({ hostname }) => hostname),
    moves: moves.map(({ instanceId, action, state }) => ({ instance_id: instanceId, action, state })),
    stopped: stopped.map(({ instanceId }) => instanceId),
    projects: projects.map(({ projectId }) => projectId),
    notifications: notifications.map(({ eventType, attempts, error }) => ({ event_type: eventType, attempts, error })),
  };
}

function isIncluded({ excluded }: SessionHost): boolean {
  return excluded === null;
}

function excludedView({ hostname, excluded }: SessionHost): object {
  return { hostname, reason: excluded };
}
