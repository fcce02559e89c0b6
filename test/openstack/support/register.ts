import type { TestCloud } from '../cloud/cloud.js';
import { PASSWORD, REGION } from '../cloud/settings.js';

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly type?: string;
}

/** Stop-gap. */
export async function register({ admin }: TestCloud, url: string): Promise<void> {
  const list = async (what: string): Promise<Listed[]> =>
    (await admin.get<Record<string, Listed[]>>('identity', `/${what}`))[what] ?? [];
  const create = async (what: string, values: object): Promise<Listed> =>
    (await admin.call<Record<string, Listed>>('identity', 'POST', `/${what}s`, { [what]: values }))[what] as Listed;
  const user =
    (await list('users')).find(({ name }) => name === 'fenix') ??
    (await create('user', { name: 'fenix', password: PASSWORD, domain_id: 'default' }));
  const project = (await list('projects')).find(({ name }) => name === 'service');
  const role = (await list('roles')).find(({ name }) => name === 'admin');
  await admin.call('identity', 'PUT', `/projects/${project?.id}/users/${user.id}/roles/${role?.id}`);
  const old = (await list('services')).find(({ type }) => type === 'maintenance');
  if (old !== undefined) await admin.call('identity', 'DELETE', `/services/${old.id}`);
  const service = await create('service', { name: 'fenix', type: 'maintenance' });
  await create('endpoint', { service_id: service.id, interface: 'public', url, region_id: REGION });
}
