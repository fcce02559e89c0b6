import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { ExecutionContext } from 'ava';
import type { RequestHandler } from 'express';
import {
  type ApiSettings,
  type App,
  type AppDeps,
  createApp,
  DEFAULT_RULES,
  startApiServer,
} from '../../src/api/index.js';
import { allowedHosts } from '../../src/common/allowed-hosts.js';
import { ManualClock, SystemMachineClock } from '../../src/common/clock.js';
import { silentLogger } from '../../src/common/logger.js';
import { Repositories } from '../../src/db/repositories.js';
import { type Identity, Unauthenticated } from '../../src/keystone-auth-middleware/index.js';
import type { Notice, PluginInfo, Session } from '../../src/model/index.js';
import { PolicyEnforcer } from '../../src/policy/index.js';
import type { DatabaseKind } from './api-databases.js';
import { type LogLine, logInto } from './api-log.js';
import { aNotice, anInstance, aProject, aSession } from './api-records.js';
import { watched } from './api-watch.js';

export const TENANT = '0a'.repeat(16);
export const STRANGER = '0b'.repeat(16);
const ADMIN_PROJECT = '0c'.repeat(16);

/** Tokens that the fake authenticator knows: whose, in which project, with which roles. */
export const TOKENS: Readonly<
  Record<string, { readonly projectId: string | null; readonly roles: readonly string[] }>
> = {
  admin: { projectId: ADMIN_PROJECT, roles: ['admin', 'member', 'reader'] },
  ended: { projectId: ADMIN_PROJECT, roles: ['admin'] },
  unscopedAdmin: { projectId: null, roles: ['Admin'] },
  member: { projectId: TENANT, roles: ['member', 'reader'] },
  reader: { projectId: TENANT, roles: ['reader'] },
  legacy: { projectId: TENANT, roles: ['_member_'] },
  stranger: { projectId: STRANGER, roles: ['member', 'reader'] },
  unscoped: { projectId: null, roles: [] },
};

const authenticate: RequestHandler = (req, res, next) => {
  const name = String(req.headers['x-auth-token'] ?? '');
  const token = TOKENS[name];
  if (token === undefined) {
    res.set('WWW-Authenticate', 'Keystone uri="http://keystone"');
    throw new Unauthenticated('A token is required (X-Auth-Token)');
  }
  const identity: Identity = {
    userId: `user-${name}`,
    userName: name,
    userDomainId: 'default',
    projectId: token.projectId,
    projectName: null,
    projectDomainId: null,
    domainId: null,
    systemScope: false,
    roles: token.roles,
    isAdminProject: true,
    expiresAt: new Date(name === 'ended' ? '2020-01-01T00:00:00Z' : '2100-01-01T00:00:00Z'),
    accessRules: null,
  };
  res.locals.identity = identity;
  next();
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined unless the answer is JSON. */
  readonly json: Record<string, unknown>;
}

export interface Options {
  readonly token?: keyof typeof TOKENS | string;
  /** Sent as JSON; a string or bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A request with exactly this path and these headers; a 500 throws. */
export function send(base: string, method: string, path: string, options: Options = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { token, body } = options;
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const bytes = raw === undefined ? undefined : Buffer.from(raw);
  const headers: Record<string, string | number> = {
    ...(token === undefined ? {} : { 'x-auth-token': token }),
    ...(bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const status = answer.statusCode ?? 0;
        if (status === 500) reject(new Error(`${method} ${path} answered 500: ${text}`));
        resolve({ status, headers: answer.headers, text, json: parse(text) });
      });
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export const PLUGINS: readonly PluginInfo[] = [
  { kind: 'workflow', name: 'default', version: '1', digest: 'd1' },
  { kind: 'action', name: 'noop', version: '1', digest: 'a1' },
  {
    kind: 'action',
    name: 'sleepy',
    version: '2',
    digest: 'a2',
    types: ['compute'],
    metadataSchema: {
      type: 'object',
      required: ['seconds'],
      additionalProperties: false,
      properties: { seconds: { type: 'integer' } },
    },
  },
  { kind: 'instance-action', name: 'MIGRATE', version: '1', digest: 'i1' },
  { kind: 'instance-action', name: 'LIVE_MIGRATE', version: '1', digest: 'i2' },
];

/** The rules in the code. */
export function policyOf({ enforceNewDefaults = false } = {}): PolicyEnforcer {
  const settings = { defaultRule: 'default', enforceScope: true, enforceNewDefaults };
  return new PolicyEnforcer(DEFAULT_RULES, settings, new SystemMachineClock(), silentLogger);
}

const SETTINGS: ApiSettings = {
  downloads: { allowedHosts: allowedHosts(['files.example.org']), requireHttps: true, requireSha256: true },
  events: { maxListeners: 10, pollMs: 5, heartbeatMs: 60_000 },
  rateLimits: { replies: 0, constraints: 0 },
  replyPaceMs: 0,
  readPaceMs: 0,
  maxBodyBytes: 1024 * 1024,
  cors: {
    allowedOrigins: [],
    allowCredentials: false,
    exposeHeaders: ['ETag'],
    maxAgeS: 60,
    allowMethods: ['GET', 'PUT'],
    allowHeaders: ['X-Auth-Token'],
  },
  behindProxy: false,
  health: { detailed: false, timeoutMs: 3000 },
  idempotencyKeyLifeS: 60,
  maxSessions: 0,
  engineAliveS: 60,
  projectMaintenanceReplyS: 40,
  maxDeferS: 600,
};

/** A running API on a database of its own, with one engine registered. */
export class TestApi {
  readonly woken: string[] = [];
  readonly log: LogLine[] = [];
  readonly clock = new ManualClock();

  private constructor(
    readonly url: string,
    readonly repositories: Repositories,
    /** Answers that are not as the OpenAPI document says, and any 500: what is left of them fails the test. */
    readonly faults: string[],
    readonly app: App,
  ) {}

  static async start(t: ExecutionContext, kind: DatabaseKind, settings: Partial<ApiSettings> = {}): Promise<TestApi> {
    const { database, close } = await kind.open();
    t.teardown(close);
    const repositories = new Repositories(database);
    await repositories.engines.register({ engineId: 'engine', host: 'h', version: '1', plugins: PLUGINS }, 1000);
    return TestApi.on(t, repositories, settings);
  }

  static async on(
    t: ExecutionContext,
    repositories: Repositories,
    settings: Partial<ApiSettings> = {},
    parts: Partial<Pick<AppDeps, 'authenticate' | 'brokerUp' | 'policy' | 'stopping'>> = {},
  ): Promise<TestApi> {
    let api: TestApi | undefined;
    const app = createApp({
      repositories,
      engines: {
        wake: async (sessionId) => void api?.woken.push(sessionId),
        wakeAll: async (sessionIds) => void api?.woken.push(...sessionIds),
      },
      authenticate,
      policy: policyOf(),
      clock: { now: () => (api as TestApi).clock.now(), sleep: async () => {} },
      machineClock: new SystemMachineClock(),
      logger: logInto((line) => api?.log.push(line)),
      settings: { ...SETTINGS, ...settings },
      ...parts,
    });
    const faults: string[] = [];
    const server = await startApiServer({
      app: watched(app, (fault) => faults.push(fault)),
      host: '127.0.0.1',
      port: 0,
    });
    t.teardown(async () => {
      await server.close(0);
      if (faults.length > 0) throw new Error(`answers that the OpenAPI document does not know:\n${faults.join('\n')}`);
    });
    api = new TestApi(server.url, repositories, faults, app);
    return api;
  }

  send(method: string, path: string, options?: Options): Promise<Answer> {
    return send(this.url, method, path, options);
  }

  /** As admin. */
  post(body: unknown): Promise<Answer> {
    return this.send('POST', '/v1/maintenance', { token: 'admin', body });
  }

  /** As the tenant's member. */
  reply(session: Session, body: unknown, instanceId?: string): Promise<Answer> {
    const path = `/v1/maintenance/${session.sessionId}/${TENANT}${instanceId === undefined ? '' : `/${instanceId}`}`;
    return this.send('PUT', path, { token: 'member', body });
  }

  /** A session in which the tenant has these instances and was sent these notices. */
  async session(
    instanceIds: readonly string[],
    notices: readonly Partial<Notice>[] = [],
    overrides: Partial<Session> = {},
  ): Promise<Session> {
    const session = aSession(overrides);
    const { sessionId } = session;
    const { sessions, projects, instances, notices: told, database } = this.repositories;
    await database.transaction(async (tx) => {
      await sessions.create(session, tx);
      await projects.save(aProject({ sessionId, projectId: TENANT }), tx);
      for (const instanceId of instanceIds) {
        await instances.save(anInstance({ sessionId, instanceId, projectId: TENANT }), tx);
      }
      for (const [i, notice] of notices.entries()) {
        await told.insert(aNotice({ sessionId, noticeId: i + 1, projectId: TENANT, ...notice }), tx);
      }
    });
    return session;
  }

  /** What the session's owner would consume. */
  async stored(session: Session): Promise<object[]> {
    const replies = await this.repositories.replies.unhandled(session.sessionId);
    return replies.map(({ state, instanceId, instanceActions, instanceAction }) => ({
      state,
      instanceId,
      instanceActions,
      instanceAction,
    }));
  }

  /** The words of the session's history. */
  async history(session: Pick<Session, 'sessionId'>): Promise<string[]> {
    return (await this.repositories.history.list(session.sessionId)).map(({ what }) => what);
  }
}
