import type { Rest } from './rest.js';
import type { Service } from './services/index.js';
import { type CloudSettings, PASSWORD, REGION, urlOf } from './settings.js';

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Tenants, each a project with a member of its name. */
export const TENANTS = ['demo', 'demo2'] as const;

/** Projects, users and the catalog, made by the admin whom Keystone's bootstrap made. */
export async function fillIdentity(admin: Rest, settings: CloudSettings, services: readonly Service[]): Promise<void> {
  const roles = new Map((await list(admin, 'roles')).map(({ name, id }) => [name, id]));
  const grant = (project: string, user: string, role: string): Promise<unknown> =>
    admin.call('identity', 'PUT', `/projects/${project}/users/${user}/roles/${roles.get(role)}`);
  const inDefault = { domain_id: 'default' };
  const service = await create(admin, 'project', { name: 'service', ...inDefault });
  const openstack = await create(admin, 'user', { name: 'openstack', password: PASSWORD, ...inDefault });
  await grant(service, openstack, 'admin');
  for (const name of TENANTS) {
    const project = await create(admin, 'project', { name, ...inDefault });
    await grant(project, await create(admin, 'user', { name, password: PASSWORD, ...inDefault }), 'member');
  }
  const heat = await create(admin, 'domain', { name: 'heat' });
  const stackAdmin = { name: 'heat_domain_admin', password: PASSWORD, domain_id: heat };
  const user = await create(admin, 'user', stackAdmin);
  await admin.call('identity', 'PUT', `/domains/${heat}/users/${user}/roles/${roles.get('admin')}`);
  for (const { name, catalog } of services) {
    for (const entry of catalog) await addToCatalog(admin, name, entry.type, urlOf(settings, name) + entry.path);
  }
}

async function addToCatalog(admin: Rest, name: string, type: string, url: string): Promise<void> {
  const service_id = await create(admin, 'service', { name, type });
  for (const each of ['public', 'internal', 'admin']) {
    await create(admin, 'endpoint', { service_id, interface: each, url, region_id: REGION });
  }
}

async function list(admin: Rest, what: string): Promise<Named[]> {
  return (await admin.get<Record<string, Named[]>>('identity', `/${what}`))[what] ?? [];
}

async function create(admin: Rest, what: string, values: object): Promise<string> {
  const body = await admin.call<Record<string, Named>>('identity', 'POST', `/${what}s`, { [what]: values });
  return body[what]?.id ?? '';
}
