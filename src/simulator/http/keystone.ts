import { type Request, type Response, Router } from 'express';
import type { Cloud } from '../cloud.js';
import type { Project, Role, User } from '../records.js';
import { Refusal } from '../refusal.js';
import type { Token, Tokens } from '../tokens.js';
import type { AppParts, Endpoints } from './app.js';
import { isObject, micros, refusals } from './wire.js';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
};
const DOMAIN = { id: 'default', name: 'Default' } as const;
const MUST_AUTHENTICATE = 'The request you have made requires authentication.';

/** Identity API v3: tokens by password, projects, versions. */
export function keystoneRouter({ cloud, tokens, endpoints }: AppParts): Router {
  const router = Router();
  router.use((_request, response, next) => {
    response.set('Vary', 'X-Auth-Token');
    next();
  });
  router.get('/', (_request, response) => {
    const { identity } = endpoints();
    response.status(300).set('Location', `${identity}/`);
    response.json({ versions: { values: [versionDocument(identity)] } });
  });
  router.get('/v3', (_request, response) => void response.json({ version: versionDocument(endpoints().identity) }));
  router.post('/v3/auth/tokens', (request, response) => {
    const { user, scoped } = login(cloud, request.body);
    sendToken(response.status(201), tokens.issue(user, scoped), endpoints(), true);
  });
  router.get('/v3/auth/tokens', (request, response) => {
    const subject = subjectToken(request, tokens);
    sendToken(response, subject, endpoints(), request.query.nocatalog === undefined);
  });
  router.delete('/v3/auth/tokens', (request, response) => {
    tokens.revoke(subjectToken(request, tokens).id);
    response.status(204).end();
  });
  router.get('/v3/projects', (request, response) => {
    if (!authToken(request, tokens).user.roles.includes('admin')) throw forbidden('list_projects');
    const self = `${endpoints().identity}/projects`;
    const wanted = request.query.name;
    const projects = [...cloud.projects.values()].filter(({ name }) => wanted === undefined || name === wanted);
    response.json({
      projects: projects.map((project) => projectView(project, self)),
      links: { next: null, self, previous: null },
    });
  });
  router.use(
    refusals(({ status, message }, response) => {
      if (status === 401) response.set('WWW-Authenticate', `Keystone uri="${endpoints().identity}"`);
      return { error: { code: status, message, title: TITLES[status] } };
    }),
  );
  return router;
}

function versionDocument(identity: string): object {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${identity}/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}

function projectView({ id, name }: Project, self: string): object {
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
    links: { self: `${self}/${id}` },
  };
}

function forbidden(rule: string): Refusal {
  return new Refusal(403, `You are not authorized to perform the requested action: identity:${rule}.`);
}

function authToken(request: Request, tokens: Tokens): Token {
  const token = tokens.valid(request.get('x-auth-token'));
  if (token === undefined) throw new Refusal(401, MUST_AUTHENTICATE);
  return token;
}

/** The token asked about: anybody's own, everybody's for admins. */
function subjectToken(request: Request, tokens: Tokens): Token {
  const { user } = authToken(request, tokens);
  const subject = tokens.valid(request.get('x-subject-token'));
  if (subject === undefined) throw new Refusal(404, 'Could not recognize Fernet token');
  if (subject.user !== user && !user.roles.includes('admin')) throw forbidden('validate_token');
  return subject;
}

interface LoginBody {
  readonly auth?: {
    readonly identity?: {
      readonly methods?: readonly string[];
      readonly password?: { readonly user?: { id?: unknown; name?: unknown; password?: unknown } };
    };
    readonly scope?: { readonly project?: { id?: unknown; name?: unknown } };
  };
}

function login(cloud: Cloud, body: unknown): { user: User; scoped: boolean } {
  const auth = isObject(body) ? (body as LoginBody).auth : undefined;
  const wanted = auth?.identity?.password?.user;
  if (auth?.identity?.methods?.includes('password') !== true || wanted === undefined)
    throw new Refusal(400, "Expecting to find auth in request body with method 'password'.");
  const user = cloud.users.find(
    ({ id, name }) => id === wanted.id || (wanted.id === undefined && name === wanted.name),
  );
  const project = auth.scope?.project;
  const scopeFits =
    project === undefined ||
    [project.id, project.name].some((key) => key === user?.project.id || key === user?.project.name);
  if (user === undefined || user.password !== wanted.password || !scopeFits) throw new Refusal(401, MUST_AUTHENTICATE);
  return { user, scoped: project !== undefined };
}

const ROLE_IDS: Readonly<Record<Role, string>> = {
  admin: 'effa556fdd0746d298c8997fb8dfe332',
  member: '1edcac6eeb8248d3b68db2e6b27541e9',
  reader: '220bce9a586141b4879f09ae77a27b8e',
};

function sendToken(response: Response, token: Token, endpoints: Endpoints, withCatalog: boolean): void {
  const { user } = token;
  response.set('X-Subject-Token', token.id).json({
    token: {
      methods: ['password'],
      user: { domain: DOMAIN, id: user.id, name: user.name, password_expires_at: null },
      audit_ids: [token.auditId],
      expires_at: `${micros(token.expiresAt)}Z`,
      issued_at: `${micros(token.issuedAt)}Z`,
      ...(token.scoped ? scopeView(user) : {}),
      ...(token.scoped && withCatalog ? { catalog: catalog(endpoints) } : {}),
    },
  });
}

function scopeView({ project, roles }: User): object {
  return {
    project: { domain: DOMAIN, id: project.id, name: project.name },
    is_domain: false,
    roles: roles.map((name) => ({ id: ROLE_IDS[name], name })),
  };
}

function catalog(endpoints: Endpoints): object[] {
  const services = [
    service('placement', 'placement', endpoints.placement),
    service('alarming', 'aodh', endpoints.alarming),
    service('compute', 'nova', endpoints.compute),
    service('identity', 'keystone', endpoints.identity),
  ];
  // The service under test has a public endpoint only (v1 §7).
  if (endpoints.maintenance !== undefined)
    services.push(service('maintenance', 'fenix', endpoints.maintenance, ['public']));
  return services;
}

function service(type: string, name: string, url: string, interfaces = ['internal', 'public', 'admin']): object {
  return {
    endpoints: interfaces.map((side) => ({
      id: fixedId(`${type}-${side}`),
      interface: side,
      region_id: 'RegionOne',
      url,
      region: 'RegionOne',
    })),
    id: fixedId(type),
    type,
    name,
  };
}

/** 32 hexadecimal digits that are the same each time. */
function fixedId(text: string): string {
  return Buffer.from(text.padEnd(16, '-')).toString('hex').slice(-32);
}
