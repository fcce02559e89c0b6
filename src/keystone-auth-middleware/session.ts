import { MachineClock } from '../common/clock.js';
import { FenixError, messageOf, Stopped } from '../common/errors.js';
import { Logger } from '../common/logger.js';
import { currentRequestId } from '../common/request-scope.js';
import {
  type Catalog,
  type EndpointFilter,
  findEndpoint,
  type Interface,
  identityV3,
  withoutSlash,
} from './catalog.js';
import { type KeystoneCredentials, passwordRequest } from './credentials.js';
import { refusal } from './failures.js';
import { exchange, type HttpAnswer, type HttpRequest, type Method, type Query } from './http.js';
import { Semaphore } from './semaphore.js';
import { type Identity, identityFrom, type TokenBody } from './token.js';

export interface KeystoneSessionSettings {
  /** Region and interface of endpoints; a filter of {@link KeystoneSession.endpoint} goes before them. */
  readonly region?: string;
  readonly interface?: Interface;
  /** Addresses by service type that replace the catalog's. */
  readonly endpointOverrides?: Readonly<Record<string, string>>;
  /** Of one request, where it names none; seconds, default 30. */
  readonly timeoutS?: number;
  /** A token is renewed so long before it ends, at most half its life; seconds, default 300. */
  readonly renewBeforeS?: number;
  /** Requests under way to one service; default 16. */
  readonly maxConcurrent?: number;
}

/** `[service type, major, minor]`, sent as `OpenStack-API-Version`. */
export interface Microversion {
  readonly service: string;
  readonly major: number;
  readonly minor: number;
}

export interface ServiceRequest {
  /** Where: a type of the catalog, or `identity` for the address that was authenticated at. */
  readonly serviceType: string;
  readonly method?: Method;
  /** Follows the endpoint, begins with a slash. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly microversion?: Microversion;
  /** `req-<uuid>`: sent as the global request id, so that the cloud's logs name it; default {@link currentRequestId}. */
  readonly requestId?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ServiceAnswer<Body> extends HttpAnswer {
  readonly body: Body;
}

/** A token with what came along. */
interface OwnToken {
  readonly id: string;
  readonly identity: Identity;
  readonly catalog: Catalog;
  /** Monotonic milliseconds. */
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/**
 * A service's own credentials at Keystone (Identity API v3): one token for all callers, renewed before it ends and when
 * a service refuses it, and requests to the services of its catalog. Tokens and passwords are never logged.
 */
export class KeystoneSession {
  /** Keystone's address, ending in /v3. */
  readonly identityUrl: string;
  private token: OwnToken | undefined;
  private authenticating: Promise<OwnToken> | undefined;
  private readonly gates = new Map<string, Semaphore>();

  constructor(
    private readonly credentials: KeystoneCredentials,
    private readonly settings: KeystoneSessionSettings,
    private readonly clock: MachineClock,
    private readonly log: Logger,
  ) {
    this.identityUrl = identityV3(credentials.authUrl);
  }

  /** Id of the project that the credentials are scoped to. */
  async projectId(): Promise<string> {
    const { projectId } = await this.identity();
    if (projectId === null) throw new FenixError('terminal', 'no-project-scope', 'The token has no project');
    return projectId;
  }

  async userId(): Promise<string> {
    return (await this.identity()).userId;
  }

  /** Whom the own token speaks for. */
  async identity(): Promise<Identity> {
    return (await this.current()).identity;
  }

  /** A token that holds now, for clients that send requests of their own. */
  async authToken(): Promise<string> {
    return (await this.current()).id;
  }

  /** The address of a service, without a slash at its end; an override goes before the catalog. */
  async endpoint(filter: EndpointFilter): Promise<string> {
    const override = this.settings.endpointOverrides?.[filter.serviceType];
    if (override !== undefined) return withoutSlash(override);
    if (filter.serviceType === 'identity') return this.identityUrl;
    const { catalog } = await this.current();
    return findEndpoint(catalog, {
      serviceType: filter.serviceType,
      interface: filter.interface ?? this.settings.interface,
      region: filter.region ?? this.settings.region,
    });
  }

  /**
   * One request with the own token, JSON in and out; tried again only after a 401, with a new token.
   * @throws FenixError classified by what the service or the network did; Stopped when the request's signal aborts
   */
  async request<Body = unknown>(request: ServiceRequest): Promise<ServiceAnswer<Body>> {
    const url = await orStopped(this.address(request), request.signal);
    return this.gate(request.serviceType).run(async () => {
      const token = await orStopped(this.current(), request.signal);
      const first = await exchange(this.prepare(request, url, token), this.clock);
      if (first.status !== 401) return accept<Body>(this.prepare(request, url, token), first);
      // The service knows our token no more (revoked, keys rotated): a 401 was not carried out, so once more is safe.
      const fresh = this.prepare(request, url, await orStopped(this.renew(token), request.signal));
      return accept<Body>(fresh, await exchange(fresh, this.clock));
    }, request.signal);
  }

  private async address({ serviceType, path, query }: ServiceRequest): Promise<URL> {
    const url = new URL(`${await this.endpoint({ serviceType })}${path}`);
    for (const [key, value] of Object.entries(query ?? {})) {
      for (const item of Array.isArray(value) ? value : [value]) {
        if (item !== undefined) url.searchParams.append(key, String(item));
      }
    }
    return url;
  }

  private prepare(request: ServiceRequest, url: URL, token: OwnToken): HttpRequest {
    const { microversion, requestId = currentRequestId(), method = 'GET' } = request;
    return {
      method,
      url,
      headers: {
        'X-Auth-Token': token.id,
        ...(microversion === undefined ? {} : microversionHeader(microversion)),
        ...(requestId === undefined ? {} : { 'X-OpenStack-Request-ID': requestId }),
        ...request.headers,
      },
      body: request.body,
      timeoutMs: request.timeoutMs ?? this.timeoutMs,
      writes: method !== 'GET' && method !== 'HEAD',
      signal: request.signal,
    };
  }

  private gate(serviceType: string): Semaphore {
    let gate = this.gates.get(serviceType);
    if (gate === undefined) {
      gate = new Semaphore(this.settings.maxConcurrent ?? 16);
      this.gates.set(serviceType, gate);
    }
    return gate;
  }

  /** A token that holds now. While the old one still does, nobody waits for the next. */
  private async current(): Promise<OwnToken> {
    const token = this.token;
    const now = this.clock.monotonicMs();
    if (token === undefined || now >= token.endsAtMs) return this.authenticate();
    if (now >= token.renewAtMs) {
      this.authenticate().catch((thrown) => {
        this.log.warn({ error: messageOf(thrown) }, 'own token not renewed yet');
      });
    }
    return token;
  }

  /** Another token than `refused`, which somebody else may have fetched meanwhile. */
  private async renew(refused: OwnToken): Promise<OwnToken> {
    if (this.token !== refused && this.token !== undefined) return this.token;
    return this.authenticate();
  }

  /** One authentication for all who ask at the same time. */
  private authenticate(): Promise<OwnToken> {
    this.authenticating ??= this.fetchToken().finally(() => {
      this.authenticating = undefined;
    });
    return this.authenticating;
  }

  private async fetchToken(): Promise<OwnToken> {
    const request: HttpRequest = {
      method: 'POST',
      url: new URL(`${this.identityUrl}/auth/tokens`),
      headers: {},
      body: passwordRequest(this.credentials),
      timeoutMs: this.timeoutMs,
      writes: false,
    };
    const startedMs = this.clock.monotonicMs();
    const answer = await exchange(request, this.clock);
    if (answer.status !== 201) throw notAuthenticated(refusal(request, answer));
    this.token = this.ownToken(answer, startedMs);
    this.log.debug({ user: this.token.identity.userId, project: this.token.identity.projectId }, 'authenticated');
    return this.token;
  }

  /** Its life is counted from the request on, by our monotonic clock: Keystone's may show another time. */
  private ownToken(answer: HttpAnswer, startedMs: number): OwnToken {
    const id = answer.headers.get('x-subject-token');
    const body = (answer.body as { readonly token?: TokenBody } | undefined)?.token;
    if (id === null || body?.user === undefined) {
      throw new FenixError('transient', 'cloud-bad-answer', `${this.identityUrl} gave no token`);
    }
    const lifeMs = Date.parse(body.expires_at) - Date.parse(body.issued_at);
    const marginMs = Math.min((this.settings.renewBeforeS ?? 300) * 1000, lifeMs / 2);
    const endsAtMs = startedMs + lifeMs;
    return {
      id,
      identity: identityFrom(body),
      catalog: body.catalog ?? [],
      renewAtMs: endsAtMs - marginMs,
      endsAtMs,
    };
  }

  private get timeoutMs(): number {
    return (this.settings.timeoutS ?? 30) * 1000;
  }
}

/** A 404 or 409 here says nothing about what the caller asked for: it must not look like an answer to that. */
function notAuthenticated(refused: FenixError): FenixError {
  if (refused.retryable) return refused;
  const sentence = `Keystone refuses the service's own credentials: ${refused.message}`;
  return new FenixError('denied', 'authentication-failed', sentence, { cause: refused });
}

/** Gives up the wait when `signal` aborts, not the authentication: others wait for it, too. */
function orStopped<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Stopped());
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function accept<Body>(request: HttpRequest, answer: HttpAnswer): ServiceAnswer<Body> {
  if (answer.status < 200 || answer.status > 299) throw refusal(request, answer);
  return answer as ServiceAnswer<Body>;
}

function microversionHeader({ service, major, minor }: Microversion): Record<string, string> {
  return { 'OpenStack-API-Version': `${service} ${major}.${minor}` };
}
