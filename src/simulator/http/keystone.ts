import { type Request, type Response, Router } from 'express';
import type { Cloud } from '../cloud.js';
import type { User } from '../records.js';
import { Refusal } from '../refusal.js';
import type { Token, Tokens } from '../tokens.js';
import type { AppParts } from './app.js';
import { ServiceCatalog } from './keystone-catalog.js';
import { DOMAIN, directoryRoutes } from './keystone-directory.js';
import { isObject, micros, param, refusals } from './wire.js';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
};
const MUST_AUTHENTICATE = 'The request you have made requires authentication.';

/** Identity API v3: versions, tokens, application credentials, and what admins keep. */
export function keystoneRouter({ cloud, tokens, endpoints }: AppParts): Router {
  const router = Router();
  const catalog = new ServiceCatalog(endpoints);
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
    const { user, scoped, until } = login(cloud, tokens, request.body);
    sendToken(response.status(201), tokens.issue(user, scoped, until), cloud, catalog);
  });
  router.get('/v3/auth/tokens', (request, response) => {
    const subject = subjectToken(request, tokens);
    sendToken(response, subject, cloud, request.query.nocatalog === undefined ? catalog : undefined);
  });
  router.delete('/v3/auth/tokens', (request, response) => {
    tokens.revoke(subjectToken(request, tokens).id);
    response.status(204).end();
  });
  router.post('/v3/users/:id/application_credentials', (request, response) => {
    response
      .status(201)
      .json({ application_credential: addCredential(cloud, authToken(request, tokens).user, request) });
  });
  const tokenOf = (request: Request): Token => authToken(request, tokens);
  router.use(
    '/v3',
    directoryRoutes(cloud, catalog, () => endpoints().identity, tokenOf),
  );
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
      readonly token?: { readonly id?: string };
      readonly application_credential?: {
        readonly id?: unknown;
        readonly name?: unknown;
        readonly user?: { id?: unknown; name?: unknown };
        readonly secret?: unknown;
      };
    };
    readonly scope?: { readonly project?: { id?: unknown; name?: unknown } };
  };
}

interface Login {
  readonly user: User;
  readonly scoped: boolean;
  readonly until?: Date;
}

/** By password, token or application credential. */
function login(cloud: Cloud, tokens: Tokens, body: unknown): Login {
  const auth = isObject(body) ? (body as LoginBody).auth : undefined;
  const identity = auth?.identity;
  const [method] = identity?.methods ?? [];
  if (method === 'application_credential') return byCredential(cloud, identity?.application_credential);
  const token = method === 'token' ? tokens.valid(identity?.token?.id) : undefined;
  const user = method === 'token' ? token?.user : byPassword(cloud, identity?.password?.user);
  const project = auth?.scope?.project;
  const scopeFits =
    project === undefined ||
    [project.id, project.name].some((key) => key === user?.project.id || key === user?.project.name);
  // A user without a role there cannot be in a project.
  if (user === undefined || !scopeFits || (project !== undefined && user.roles.length === 0)) {
    throw new Refusal(401, MUST_AUTHENTICATE);
  }
  return { user, scoped: project !== undefined, ...(token !== undefined && { until: token.expiresAt }) };
}

function byPassword(
  cloud: Cloud,
  wanted: { id?: unknown; name?: unknown; password?: unknown } | undefined,
): User | undefined {
  if (wanted === undefined) {
    throw new Refusal(400, "Expecting to find auth in request body with method 'password'.");
  }
  const user = findUser(cloud, wanted);
  return user?.password === wanted.password ? user : undefined;
}

function findUser(cloud: Cloud, wanted: { id?: unknown; name?: unknown }): User | undefined {
  return cloud.users.find(({ id, name }) => id === wanted.id || (wanted.id === undefined && name === wanted.name));
}

/** Its scope is the project that it was made in. */
function byCredential(
  cloud: Cloud,
  wanted: NonNullable<NonNullable<LoginBody['auth']>['identity']>['application_credential'],
): Login {
  const owner = wanted?.user === undefined ? undefined : findUser(cloud, wanted.user);
  const found = cloud.applicationCredentials.find(
    ({ id, name, user }) => id === wanted?.id || (owner === user && name === wanted?.name),
  );
  if (found === undefined || found.secret !== wanted?.secret) throw new Refusal(401, MUST_AUTHENTICATE);
  return { user: found.user, scoped: true };
}

function addCredential(cloud: Cloud, user: User, request: Request): object {
  if (param(request, 'id') !== user.id) throw forbidden('create_application_credential');
  const { name, secret } = (request.body as { application_credential: { name: string; secret: string } })
    .application_credential;
  const credential = { id: cloud.newHexId(), name, secret, user };
  cloud.applicationCredentials.push(credential);
  return { id: credential.id, name, secret, project_id: user.project.id, unrestricted: false };
}

function sendToken(response: Response, token: Token, cloud: Cloud, catalog: ServiceCatalog | undefined): void {
  const { user } = token;
  response.set('X-Subject-Token', token.id).json({
    token: {
      methods: ['password'],
      user: { domain: DOMAIN, id: user.id, name: user.name, password_expires_at: null },
      audit_ids: [token.auditId],
      expires_at: `${micros(token.expiresAt)}Z`,
      issued_at: `${micros(token.issuedAt)}Z`,
      ...(token.scoped ? scopeView(cloud, user) : {}),
      ...(token.scoped && catalog !== undefined ? { catalog: catalog.view() } : {}),
    },
  });
}

function scopeView({ roles: ids }: Cloud, { project, roles }: User): object {
  return {
    project: { domain: DOMAIN, id: project.id, name: project.name },
    is_domain: false,
    roles: roles.map((name) => ({ id: ids.get(name), name })),
  };
}
