import type { Clock } from '../../common/clock.js';
import { FenixError, messageOf } from '../../common/errors.js';
import type { Credentials } from '../credentials.js';

const TIMEOUT_MS = 10_000;
/** A token is renewed when less than this part of its life is left. */
const RENEW_BEFORE = 0.2;

export interface TenantAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What Keystone gave: public addresses by service type. */
export interface Held {
  readonly token: string;
  readonly projectId: string;
  readonly catalog: ReadonlyMap<string, string>;
  readonly renewAtMs: number;
}

interface TokenBody {
  readonly token: {
    readonly issued_at: string;
    readonly expires_at: string;
    readonly project: { readonly id: string };
    readonly catalog: readonly {
      readonly type: string;
      readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
    }[];
  };
}

/** A tenant's way to the cloud: its Keystone token and plain HTTP. */
export class TenantSession {
  private held: Held | undefined;

  /**
   * @param clock machine time, as tokens live in it
   * @param renews whether it fetches a new token in time, or never
   * @param timeoutMs machine time for one request
   */
  constructor(
    private readonly authUrl: string,
    private readonly credentials: Credentials,
    private readonly clock: Clock,
    private readonly renews = true,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  async projectId(): Promise<string> {
    return (await this.login()).projectId;
  }

  /** A call to a service of the catalog. */
  async service(type: string, method: string, path: string, body?: unknown, version?: string): Promise<TenantAnswer> {
    const base = (await this.login()).catalog.get(type);
    if (base === undefined) throw new FenixError('terminal', 'no-endpoint', `The catalog has no service ${type}.`);
    return this.call(method, `${base}${path}`, body, version);
  }

  /** A call to any URL, with the token. */
  async call(method: string, url: string, body?: unknown, version?: string): Promise<TenantAnswer> {
    const { token } = await this.login();
    const headers = {
      'x-auth-token': token,
      'content-type': 'application/json',
      ...(version === undefined ? {} : { 'openstack-api-version': version }),
    };
    const response = await this.send(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await bodyOf(response) };
  }

  /** A token that holds now, with what came along. */
  async login(): Promise<Held> {
    if (this.held !== undefined && (!this.renews || this.held.renewAtMs > this.clock.now().getTime())) return this.held;
    const { username: name, password, projectName } = this.credentials;
    const domain = { id: 'default' };
    const identity = { methods: ['password'], password: { user: { name, domain, password } } };
    const auth = { identity, scope: { project: { name: projectName, domain } } };
    const response = await this.send(`${this.authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth }),
    });
    if (response.status !== 201)
      throw new FenixError('denied', 'login-failed', `Keystone answered ${response.status}.`, {
        status: response.status,
      });
    this.held = heldOf(response.headers.get('x-subject-token') ?? '', (await response.json()) as TokenBody);
    return this.held;
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(this.timeoutMs) });
    } catch (error) {
      throw new FenixError('transient', 'no-answer', `${url} did not answer: ${messageOf(error)}.`, { cause: error });
    }
  }
}

function heldOf(token: string, { token: { project, catalog, issued_at, expires_at } }: TokenBody): Held {
  const expiresMs = Date.parse(expires_at);
  const urls = catalog.map(({ type, endpoints }) => {
    const chosen = endpoints.find((endpoint) => endpoint.interface === 'public');
    return [type, chosen?.url ?? ''] as const;
  });
  const renewAtMs = expiresMs - (expiresMs - Date.parse(issued_at)) * RENEW_BEFORE;
  return { token, projectId: project.id, catalog: new Map(urls), renewAtMs };
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}
