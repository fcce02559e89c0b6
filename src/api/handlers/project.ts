import type { Notice, SessionInstance } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import { PROJECT } from '../operations/index.js';
import type { ApiRequest } from '../request.js';
import { type Endpoint, endpoints } from '../routes.js';
import { takeReply } from './reply.js';
import { projectIdOf, sessionIdOf, UNKNOWN_PROJECT, UNKNOWN_SESSION } from './session-id.js';

/** A session, as the owners of instances see it. */
export function projectEndpoints(deps: ApiDeps): Endpoint[] {
  const reply = (request: ApiRequest) => takeReply(deps, request);
  return endpoints(
    PROJECT,
    {
      projectInstances: (request) => listInstances(deps, request),
      projectReply: reply,
      instanceReply: reply,
    },
    ({ param }) => ({ project_id: param('project_id') }),
  );
}

/** What the project's open notice is about, else all its instances on the session's hosts; existing ones only. */
export async function listInstances(
  { repositories }: ApiDeps,
  request: ApiRequest,
): Promise<{ instance_ids: string[] }> {
  const sessionId = sessionIdOf(request);
  const projectId = projectIdOf(request);
  const { sessions, instances, projects, notices } = repositories;
  const [session, all, open] = await Promise.all([
    sessions.summary(sessionId),
    instances.listOfProject(sessionId, projectId),
    notices.open(sessionId, projectId),
  ]);
  if (session === undefined) throw notFound(UNKNOWN_SESSION);
  const hasPart = all.length > 0 || (await projects.find(sessionId, projectId)) !== undefined;
  if (!hasPart) throw notFound(UNKNOWN_PROJECT);
  const existing = all.filter(({ state }) => state !== 'GONE');
  return { instance_ids: open.length === 0 ? idsOf(existing) : subjectOf(open, existing) };
}

/**
 * @param open newest first. One to the project as a whole goes before those to single instances; one that empties a
 *   host before one that only informs
 */
function subjectOf(open: readonly Notice[], existing: readonly Named[]): string[] {
  const toProject = open.filter(({ instanceId }) => instanceId === null);
  const chosen = toProject.find(({ host }) => host !== null) ?? toProject[0];
  const subject = new Set((chosen ? [chosen] : open).flatMap(({ instanceIds }) => instanceIds));
  return idsOf(existing.filter(({ instanceId }) => subject.has(instanceId)));
}

type Named = Pick<SessionInstance, 'instanceId'>;

function idsOf(instances: readonly Named[]): string[] {
  return instances.map(({ instanceId }) => instanceId);
}
