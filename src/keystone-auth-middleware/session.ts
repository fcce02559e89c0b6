import { MachineClock } from '../common/clock.js';
import { currentRequestId } from '../common/context.js';
import { FenixError, messageOf } from '../common/errors.js';
import { Logger } from '../common/logger.js';
import { orStopped } from '../common/unless-aborted.js';
import {
  type Catalog,
  type EndpointFilter,
  findEndpoint,
  type Interface,
  identityV3,
  withoutSlash,
} from './catalog.js';
import { authRequest, type KeystoneCredentials } from './credentials.js';
import { refusal, withoutToken } from './failures.js';
import { exchange, type HttpAnswer, type HttpRequest, type Method, type Query } from './http.js';
import { Semaphore } from './semaphore.js';
import { type Fetch, fetchWith, type TlsSettings } from './tls-fetch.js';
import { type Identity, identityFrom, type TokenBody } from './token.js';

export interface KeystoneSessionSettings {
  /** Region and interface of endpoints; a filter of {@link KeystoneSession.endpoint} goes before them. */
  readonly region?: string;
  readonly interface?: Interface | readonly Interface[];
  /** What goes before both for a service type. */
  readonly byService?: Readonly<Record<string, Omit<EndpointFilter, 'serviceType'>>>;
  /** Addresses by service type that replace the catalog's. */
  readonly endpointOverrides?: Readonly<Record<string, string>>;
  /** Of one request, where it names none; seconds, default 30. */
  readonly timeoutS?: number;
  /** A token is renewed so long before it ends, at most half its life; seconds, default 300. */
  readonly renewBeforeS?: number;
  /** Requests under way to one service; default 16. */
  readonly maxConcurrent?: number;
  /** Default: what Node trusts, no certificate of our own. */
  readonly tls?: TlsSettings;
  /** What sends requests, in place of Node's fetch with `tls`. */
  readonly fetch?: Fetch;
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
  /** In place of the service's endpoint. */
  readonly base?: string;
  /** Follows the endpoint, begins with a slash. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly microversion?: Microversion;
  /** Statuses beside 2xx that are an answer, too. */
  readonly accepts?: readonly number[];
  /** `req-<uuid>`: sent as the global request id, so that the cloud's logs name it; default: that of the work under way. */
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
  private readonly fetch: Fetch;

  constructor(
    private readonly credentials: KeystoneCredentials,
    private readonly settings: KeystoneSessionSettings,
    private readonly clock: MachineClock,
    private readonly log: Logger,
  ) {
    this.identityUrl = identityV3(credentials.authUrl);
    this.fetch = settings.fetch ?? fetchWith(settings.tls);
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

  /** Another token than `refused`, which a service knows no more: for the same clients. */
  async authTokenInstead(refused: string): Promise<string> {
    const { token } = this;
    return (token?.id === refused ? await this.renew(token) : await this.current()).id;
  }

  /** The address of a service, without a slash at its end; an override goes before the catalog. */
  async endpoint(filter: EndpointFilter): Promise<string> {
    const override = this.settings.endpointOverrides?.[filter.serviceType];
    if (override !== undefined) return withoutSlash(override);
    if (filter.serviceType === 'identity') return this.identityUrl;
    const { catalog } = await this.current();
    const own = this.settings.byService?.[filter.serviceType];
    return findEndpoint(catalog, {
      serviceType: filter.serviceType,
      interface: filter.interface ?? own?.interface ?? this.settings.interface,
      region: filter.region ?? own?.region ?? this.settings.region,
    });
  }

  /**
   * One request with the own token, JSON in and out; tried again only after a 401, with a new token.
   * @throws FenixError classified by what the service or the network did; Stopped when the request's signal aborts
   */
  async request<Body = unknown>(request: ServiceRequest): Promise<ServiceAnswer<Body>> {
    try {
      const url = await orStopped(this.address(request), request.signal);
      const work = (): Promise<ServiceAnswer<Body>> => this.exchange(request, url);
      return await this.gate(request.serviceType).run(work, request.signal);
    } catch (thrown) {
      if (thrown instanceof FenixError) this.tell(request, thrown);
      throw thrown;
    }
  }

  private async exchange<Body>(request: ServiceRequest, url: URL): Promise<ServiceAnswer<Body>> {
    for (let token = await orStopped(this.current(), request.signal), last = false; ; last = true) {
      const prepared = this.prepare(request, url, token);
      const answer = await exchange(prepared, this.clock, this.fetch);
      const { status } = answer;
      if ((status >= 200 && status <= 299) || request.accepts?.includes(status)) return answer as ServiceAnswer<Body>;
      if (status !== 401 || last) throw refusal(prepared, answer);
      // The service knows our token no more (revoked, keys rotated): a 401 was not carried out, so once more is safe.
      token = await orStopped(this.renew(token), request.signal);
    }
  }

  /** With both ids, ours and the service's, by which its log can be searched. */
  private tell(
    { serviceType, method = 'GET', path, requestId = currentRequestId() }: ServiceRequest,
    error: FenixError,
  ): void {
    const { code, status, requestId: answered, message: reason } = error;
    const fields = { service: serviceType, method, path, code, status, request_id: requestId, answered, reason };
    if (error.kind === 'missing') this.log.debug(fields, 'request to the cloud failed');
    else this.log.info(fields, 'request to the cloud failed');
  }

  private async address({ serviceType, base, path, query }: ServiceRequest): Promise<URL> {
    const url = new URL(`${base ?? (await this.endpoint({ serviceType }))}${path}`);
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
        ...requestIdHeader(requestId),
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
      headers: requestIdHeader(currentRequestId()),
      body: authRequest(this.credentials),
      timeoutMs: this.timeoutMs,
      writes: false,
    };
    const startedMs = this.clock.monotonicMs();
    const answer = await exchange(request, this.clock, this.fetch).catch((failure: unknown) => {
      throw withoutToken(failure);
    });
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

function microversionHeader({ service, major, minor }: Microversion): Record<string, string> {
  return { 'OpenStack-API-Version': `${service} ${major}.${minor}` };
}

function requestIdHeader(requestId: string | undefined): Record<string, string> {
  return requestId === undefined ? {} : { 'X-OpenStack-Request-ID': requestId };
}
