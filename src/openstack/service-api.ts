import { orStopped } from '../common/unless-aborted.js';
import type { KeystoneSession, Query } from '../keystone-auth-middleware/index.js';
import { type Need, Versions } from './versions.js';

/** Machine time that one request may take, seconds. */
export interface Timeouts {
  readonly readS: number;
  readonly writeS: number;
}

export interface ReadOptions {
  readonly query?: Query;
  /** Of services that have microversions; absent: what has been there from the first on. */
  readonly need?: Need;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions {
  readonly body?: unknown;
  /** Of services that have microversions; absent: what has been there from the first on. */
  readonly need?: Need;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one service of the cloud; errors are those of {@link KeystoneSession.request} and {@link Versions.meet}. */
export class ServiceApi {
  readonly versions: Versions;

  /** @param serviceType of the catalog, and the name that stands before a microversion */
  constructor(
    private readonly session: Pick<KeystoneSession, 'request' | 'endpoint'>,
    private readonly timeouts: Timeouts,
    private readonly serviceType: string,
  ) {
    this.versions = new Versions(session, serviceType, timeouts.readS * 1000);
  }

  /** The JSON of an answer, whose shape the caller knows from the service's API reference. */
  async get<Body>(path: string, { query, need, signal }: ReadOptions): Promise<Body> {
    const { body } = await this.session.request<Body>({
      ...(await this.versioned(path, need, signal)),
      timeoutMs: this.timeouts.readS * 1000,
      signal,
      ...(query === undefined ? {} : { query }),
    });
    return body;
  }

  /** The JSON of the answer, for those who expect one. */
  async send<Body = void>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    { body, need, signal }: WriteOptions,
  ): Promise<Body> {
    const answer = await this.session.request<Body>({
      ...(await this.versioned(path, need, signal)),
      method,
      body,
      timeoutMs: this.timeouts.writeS * 1000,
      signal,
    });
    return answer.body;
  }

  private async versioned(path: string, need: Need | undefined, signal: AbortSignal | undefined) {
    const { serviceType } = this;
    if (need === undefined) return { serviceType, path };
    const { microversion, prefix } = await orStopped(this.versions.meet(need), signal);
    return { serviceType, path: `${prefix}${path}`, microversion };
  }
}
