import { ScaledClock } from '../../../src/common/clock.js';
import { type TenantAnswer, TenantSession } from '../../../src/simulator/managers/tenant-session.js';
import { authUrl, type CloudSettings, PASSWORD } from './settings.js';

/** Services on a busy machine may take their time, above all for their first answer. */
const TIMEOUT_MS = 120_000;

export type Json = Readonly<Record<string, unknown>>;

/**
 * One user's plain way to the cloud's APIs, sharing nothing with the clients of src/openstack: what the tests judge by.
 * A user's own name is its project's, unless told otherwise.
 */
export class Rest {
  private readonly session: TenantSession;

  constructor(settings: CloudSettings, user: string, project: string = user) {
    const credentials = { username: user, password: PASSWORD, projectName: project };
    this.session = new TenantSession(authUrl(settings), credentials, new ScaledClock(), true, TIMEOUT_MS);
  }

  projectId(): Promise<string> {
    return this.session.projectId();
  }

  /** One that holds now. */
  async token(): Promise<string> {
    return (await this.session.login()).token;
  }

  /** @throws Error with what the service said, for any status from 400 on */
  async call<Body = Json>(type: string, method: string, path: string, body?: unknown, version?: string): Promise<Body> {
    const answer = await this.session.service(type, method, path, body, version);
    if (answer.status >= 400) {
      throw new Error(`${method} ${type} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.body as Body;
  }

  /** A request to any address, with the user's token. */
  url(method: string, url: string, body?: unknown): Promise<TenantAnswer> {
    return this.session.call(method, url, body);
  }

  /** Bytes, which Glance wants as such. */
  async upload(type: string, path: string, content: string): Promise<void> {
    const { token, catalog } = await this.session.login();
    const headers = { 'x-auth-token': token, 'content-type': 'application/octet-stream' };
    const answer = await fetch(`${catalog.get(type)}${path}`, { method: 'PUT', headers, body: content });
    if (!answer.ok) throw new Error(`PUT ${type} ${path}: ${answer.status} ${await answer.text()}`);
  }

  get<Body = Json>(type: string, path: string, version?: string): Promise<Body> {
    return this.call<Body>(type, 'GET', path, undefined, version);
  }
}
