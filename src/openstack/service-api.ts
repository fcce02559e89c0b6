import type { KeystoneSession, Query } from '../keystone-auth-middleware/index.js';

/** Machine time that one request may take, seconds. */
export interface Timeouts {
  readonly readS: number;
  readonly writeS: number;
}

/** Microversion as integers: 2.100 is newer than 2.9. */
export type Version = readonly [major: number, minor: number];

export interface ReadOptions {
  readonly query?: Query;
  readonly version?: Version;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions {
  readonly body?: unknown;
  readonly version?: Version;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one service of the cloud; errors are those of {@link KeystoneSession.request}. */
export class ServiceApi {
  /** @param serviceType of the catalog, and the name that stands before a microversion */
  constructor(
    private readonly session: Pick<KeystoneSession, 'request'>,
    private readonly timeouts: Timeouts,
    private readonly serviceType: string,
  ) {}

  /** The JSON of an answer, whose shape the caller knows from the service's API reference. */
  async get<Body>(path: string, { query, version, signal }: ReadOptions): Promise<Body> {
    const { body } = await this.session.request<Body>({
      serviceType: this.serviceType,
      path,
      timeoutMs: this.timeouts.readS * 1000,
      signal,
      ...(query === undefined ? {} : { query }),
      ...this.versioned(version),
    });
    return body;
  }

  /** The JSON of the answer, for those who expect one. */
  async send<Body = void>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    { body, version, signal }: WriteOptions,
  ): Promise<Body> {
    const answer = await this.session.request<Body>({
      serviceType: this.serviceType,
      method,
      path,
      body,
      timeoutMs: this.timeouts.writeS * 1000,
      signal,
      ...this.versioned(version),
    });
    return answer.body;
  }

  private versioned(version: Version | undefined) {
    if (version === undefined) return {};
    const [major, minor] = version;
    return { microversion: { service: this.serviceType, major, minor } };
  }
}
