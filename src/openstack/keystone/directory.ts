import { FenixError } from '../../common/errors.js';
import type { Query } from '../../keystone-auth-middleware/index.js';
import type { ServiceApi } from '../service-api.js';

/** A resource of the Identity API v3, the fields read here. */
export interface Resource {
  readonly id: string;
  readonly name?: string;
  readonly enabled?: boolean;
  /** Of endpoints. */
  readonly interface?: string;
  readonly region_id?: string | null;
  readonly url?: string;
}

/** Keystone's collections (Identity API v3), which all work alike. Errors are those of {@link ServiceApi}. */
export class Directory {
  constructor(private readonly identity: ServiceApi) {}

  /** All that match; Keystone gives a list whole, or as much as its `list_limit` lets it, which it says. */
  async list(collection: string, query: Query): Promise<Resource[]> {
    const answer = await this.identity.get<Record<string, unknown>>(`/${collection}`, { query });
    if (answer.truncated === true) {
      const sentence = `Keystone's list of ${collection} is cut off by its list_limit.`;
      throw new FenixError('terminal', 'list-truncated', sentence);
    }
    return (answer[collection] ?? []) as Resource[];
  }

  /** Its id. */
  async create(collection: string, fields: object): Promise<string> {
    const kind = kindOf(collection);
    const answer = await this.identity.send<Record<string, Resource>>('POST', `/${collection}`, {
      body: { [kind]: fields },
    });
    return (answer[kind] as Resource).id;
  }

  async change(collection: string, id: string, fields: object): Promise<void> {
    const body = { [kindOf(collection)]: fields };
    await this.identity.send('PATCH', `/${collection}/${encodeURIComponent(id)}`, { body });
  }

  async isGranted(projectId: string, userId: string, roleId: string): Promise<boolean> {
    const query = { 'scope.project.id': projectId, 'user.id': userId, 'role.id': roleId };
    const answer = await this.identity.get<{ role_assignments: object[] }>('/role_assignments', { query });
    return answer.role_assignments.length > 0;
  }

  async grant(projectId: string, userId: string, roleId: string): Promise<void> {
    await this.identity.send('PUT', `/projects/${projectId}/users/${userId}/roles/${roleId}`, {});
  }
}

function kindOf(collection: string): string {
  return collection.replace(/s$/, '');
}
