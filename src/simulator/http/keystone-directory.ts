import { type Request, type Response, Router } from 'express';
import type { Cloud } from '../cloud.js';
import type { Project, User } from '../records.js';
import { Refusal } from '../refusal.js';
import type { Token } from '../tokens.js';
import { REGION, type ServiceCatalog } from './keystone-catalog.js';
import { isObject, type JsonObject, param, query } from './wire.js';

export const DOMAIN = { id: 'default', name: 'Default' } as const;

/** What admins list, create and change: services, endpoints, projects, users, roles, all in the one domain. */
export function directoryRoutes(
  cloud: Cloud,
  catalog: ServiceCatalog,
  self: () => string,
  tokenOf: (request: Request) => Token,
): Router {
  const router = Router();
  const admin = (request: Request, rule: string): User => {
    const { user } = tokenOf(request);
    if (user.roles.includes('admin')) return user;
    throw new Refusal(403, `You are not authorized to perform the requested action: identity:${rule}.`);
  };
  const lists: Readonly<Record<string, () => JsonObject[]>> = {
    regions: () => [{ id: REGION, description: '', parent_region_id: null }],
    domains: () => [{ ...DOMAIN, enabled: true, description: '' }],
    services: () => catalog.services().map((service) => ({ ...service })),
    endpoints: () => catalog.endpoints().map((endpoint) => ({ ...endpoint, region: endpoint.region_id })),
    projects: () => [...cloud.projects.values()].map(projectView),
    users: () => cloud.users.map(userView),
    roles: () => [...cloud.roles].map(([name, id]) => ({ id, name, domain_id: null, options: {} })),
  };
  for (const [collection, all] of Object.entries(lists)) {
    router.get(`/${collection}`, (request, response) => {
      admin(request, `list_${collection}`);
      const found = all().filter((item) =>
        ['name', 'domain_id', 'type', 'service_id'].every((key) => {
          const wanted = query(request, key);
          return wanted === undefined || !(key in item) || item[key] === wanted;
        }),
      );
      const links = { next: null, self: `${self()}/${collection}`, previous: null };
      response.json({
        [collection]: found.map((item) => ({ ...item, links: { self: `${self()}/${collection}/${item.id}` } })),
        links,
      });
    });
  }
  const adding: Readonly<Record<string, (fields: JsonObject) => JsonObject>> = {
    services: (fields) => {
      const service = { id: cloud.newHexId(), type: text(fields, 'type'), name: text(fields, 'name'), enabled: true };
      catalog.addService(service);
      return { ...service };
    },
    endpoints: (fields) => {
      if (text(fields, 'region_id') !== REGION) throw new Refusal(400, 'Could not find region.');
      const endpoint = {
        id: cloud.newHexId(),
        service_id: text(fields, 'service_id'),
        interface: text(fields, 'interface'),
        region_id: REGION,
        url: text(fields, 'url'),
        enabled: true,
      };
      catalog.addEndpoint(endpoint);
      return { ...endpoint };
    },
    projects: (fields) => {
      const project = { id: cloud.newHexId(), name: text(fields, 'name') };
      refuseTwin([...cloud.projects.values()], project.name, 'project');
      cloud.projects.set(project.id, project);
      return projectView(project);
    },
    users: (fields) => {
      const name = text(fields, 'name');
      refuseTwin(cloud.users, name, 'user');
      const project = cloud.projects.get(text(fields, 'default_project_id'));
      if (project === undefined) throw new Refusal(400, 'Could not find the default project.');
      const user = { id: cloud.newHexId(), name, password: text(fields, 'password'), project, roles: [] };
      cloud.users.push(user);
      return userView(user);
    },
    roles: (fields) => {
      const [name, id] = [text(fields, 'name'), cloud.newHexId()];
      cloud.roles.set(name, id);
      return { id, name, domain_id: null };
    },
  };
  for (const [collection, add] of Object.entries(adding)) {
    const kind = collection.slice(0, -1);
    router.post(`/${collection}`, (request, response) => {
      admin(request, `create_${kind}`);
      response.status(201).json({ [kind]: add(fieldsOf(request, kind)) });
    });
  }
  for (const kind of ['service', 'endpoint']) {
    router.patch(`/${kind}s/:id`, (request, response) => {
      admin(request, `update_${kind}`);
      const item = lists[`${kind}s`]?.().find(({ id }) => id === param(request, 'id'));
      if (item === undefined) throw new Refusal(404, `Could not find ${kind}: ${param(request, 'id')}.`);
      const fields = fieldsOf(request, kind);
      catalog.change(param(request, 'id'), fields);
      response.json({ [kind]: { ...item, ...fields } });
    });
  }
  router.patch('/users/:id', (request, response) => {
    admin(request, 'update_user');
    const user = userOf(cloud, request);
    user.password = text(fieldsOf(request, 'user'), 'password');
    response.json({ user: userView(user) });
  });
  router.get('/role_assignments', (request, response) => {
    admin(request, 'list_role_assignments');
    const [user, project, role] = ['user.id', 'scope.project.id', 'role.id'].map((key) => query(request, key));
    const granted = cloud.users
      .filter((one) => one.id === user && one.project.id === project)
      .flatMap((one) => one.roles.filter((name) => cloud.roles.get(name) === role));
    response.json({
      role_assignments: granted.map(() => ({
        role: { id: role },
        user: { id: user },
        scope: { project: { id: project } },
      })),
      links: { next: null, self: `${self()}/role_assignments`, previous: null },
    });
  });
  router.put('/projects/:project/users/:id/roles/:role', (request, response: Response) => {
    admin(request, 'create_grant');
    const user = userOf(cloud, request);
    const project = cloud.projects.get(param(request, 'project'));
    const [role] = [...cloud.roles].find(([, id]) => id === param(request, 'role')) ?? [];
    if (role === undefined || project === undefined) throw new Refusal(404, 'Could not find role or project.');
    // One project per user is all that is modelled.
    if (project !== user.project) throw new Refusal(400, 'The simulated user works in its own project only.');
    user.roles.push(role);
    response.status(204).end();
  });
  return router;
}

function fieldsOf(request: Request, kind: string): JsonObject {
  const body: unknown = request.body;
  const fields = isObject(body) ? body[kind] : undefined;
  if (!isObject(fields)) throw new Refusal(400, `Expecting to find ${kind} in request body.`);
  return fields;
}

function text(fields: JsonObject, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new Refusal(400, `Invalid input for field '${key}'.`);
  return value;
}

function refuseTwin(all: readonly { readonly name: string }[], name: string, kind: string): void {
  if (!all.some((one) => one.name === name)) return;
  throw new Refusal(409, `Conflict occurred attempting to store ${kind} - it already exists.`);
}

function userOf(cloud: Cloud, request: Request): User {
  const id = param(request, 'id');
  const user = cloud.users.find((one) => one.id === id);
  if (user === undefined) throw new Refusal(404, `Could not find user: ${id}.`);
  return user;
}

function projectView({ id, name }: Project): JsonObject {
  return {
    id,
    name,
    domain_id: DOMAIN.id,
    description: '',
    enabled: true,
    parent_id: DOMAIN.id,
    is_domain: false,
    tags: [],
    options: {},
  };
}

function userView({ id, name, project }: User): JsonObject {
  return {
    id,
    name,
    domain_id: DOMAIN.id,
    enabled: true,
    default_project_id: project.id,
    password_expires_at: null,
    options: {},
  };
}
