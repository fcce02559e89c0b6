import { FenixError } from '../../common/errors.js';
import type { ServiceApi } from '../service-api.js';

/** Identity API v3, GET /v3/projects. */
interface KeystoneProject {
  readonly id: string;
  readonly domain_id: string;
}

/**
 * The id of the project with a name.
 * @param domainId narrows to a domain
 * @throws FenixError `missing` when there is none, `terminal` when several domains have one
 */
export async function projectIdByName(
  identity: ServiceApi,
  name: string,
  domainId: string | undefined,
  signal?: AbortSignal,
): Promise<string> {
  const options = { query: { name, domain_id: domainId }, signal };
  const { projects } = await identity.get<{ projects: KeystoneProject[] }>('/projects', options);
  const [project, second] = projects;
  if (project === undefined) throw new FenixError('missing', 'project-missing', `Keystone has no project ${name}`);
  if (second !== undefined) {
    throw new FenixError('terminal', 'project-ambiguous', `Several domains have a project ${name}: name the domain`);
  }
  return project.id;
}
