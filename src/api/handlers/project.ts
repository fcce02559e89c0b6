import { Together } from '../../common/together.js';
import type { OpenNotice } from '../../db/notice-repository.js';
import type { Part } from '../../db/repositories.js';
import type { ApiDeps } from '../deps.js';
import { notFound } from '../errors.js';
import { PROJECT } from '../operations/index.js';
import { type Endpoint, endpoints, type Handler } from '../routes.js';
import { type PartInstance, partViews } from './part-view.js';
import { takeReply } from './reply.js';
import { projectIdOf, sessionIdOf, UNKNOWN_PROJECT, UNKNOWN_SESSION } from './session-id.js';

/** A session, as the owners of instances see it. */
export function projectEndpoints(deps: ApiDeps): Endpoint[] {
  const reply = takeReply(deps);
  return endpoints(
    PROJECT,
    {
      projectInstances: listInstances(deps),
      projectReply: reply,
      instanceReply: reply,
    },
    ({ param }) => ({ project_id: param('project_id') }),
  );
}

/** What the project's open notice is about, else all its instances on the session's hosts; existing ones only. */
export function listInstances(deps: ApiDeps): Handler {
  const pace = { ms: deps.settings.readPaceMs, machine: deps.machineClock };
  const views = new Together((parts: readonly Part[]) => partViews(deps, parts), { pace });
  return async (request) => {
    const part = { sessionId: sessionIdOf(request), projectId: projectIdOf(request) };
    const { isSession, isPart, instances, open } = await views.of(part);
    if (!isSession) throw notFound(UNKNOWN_SESSION);
    if (!isPart) throw notFound(UNKNOWN_PROJECT);
    const existing = instances.filter(({ state }) => state !== 'GONE');
    const ids = open.length === 0 ? idsOf(existing) : subjectOf(open, existing);
    return { instance_ids: ids, ...scaleInOf(open) };
  };
}

/**
 * @param open newest first. One to the project as a whole goes before those to single instances; one that empties a
 *   host before one that only informs
 */
function subjectOf(open: readonly OpenNotice[], existing: readonly PartInstance[]): string[] {
  const toProject = open.filter(({ instanceId }) => instanceId === null);
  const chosen = toProject.find(({ host }) => host !== null) ?? toProject[0];
  const subject = new Set((chosen ? [chosen] : open).flatMap(({ instanceIds }) => instanceIds));
  return idsOf(existing.filter(({ instanceId }) => subject.has(instanceId)));
}

/** How much a SCALE_IN asks of the project, where that was reckoned (v1 §1.2). */
function scaleInOf(open: readonly OpenNotice[]): object {
  const asked = open.find(({ state }) => state === 'SCALE_IN')?.planned?.scaleIn;
  return asked === undefined ? {} : { scale_in: { instances: asked.instances, vcpus: asked.vcpus } };
}

function idsOf(instances: readonly PartInstance[]): string[] {
  return instances.map(({ instanceId }) => instanceId);
}
