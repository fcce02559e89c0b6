import type { SessionState } from '../model/index.js';
import type { ListedAction, ListedEngine, ListedPlugin, PageQuery, SessionPage } from './catalog-types.js';
import type {
  GroupConstraintsAnswer,
  GroupConstraintsBody,
  InstanceConstraintsAnswer,
  InstanceConstraintsBody,
} from './constraint-types.js';
import type { ControlRequest, HistoryLine } from './control-types.js';
import { followEvents, type OnConnection } from './events.js';
import { type FetchFunction, type HttpRequest, requestJson, requestStream } from './http.js';
import type { Shape } from './shape.js';
import type { Health, NewSession, ReplyAnswer, ReplyRequest, SessionDetail, SessionSummary } from './types.js';

export interface FenixClientOptions {
  /** As in the catalog: ends in `/v1`; a slash at the end does no harm. */
  readonly url: string;
  /** A valid token; asked for with every request. */
  readonly token: () => Promise<string>;
  readonly fetch?: FetchFunction;
  /** For each request, default 30 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const RETRY_MS = 3000;
const SILENCE_MS = 60_000;
const DETAIL: Shape = {
  session_id: 'text',
  state: 'text',
  metadata: 'object',
  scope: 'object',
  limits: 'object',
  policy: 'object',
  download: 'objects',
  hosts: 'objects',
  excluded: 'objects',
  projects: 'objects',
  instances: 'objects',
  action_plugins: 'objects',
  action_plugin_instances: 'objects',
  left: { hosts: 'texts', moves: 'objects', stopped: 'texts', projects: 'texts', notifications: 'objects' },
};
const PAGED = { 'OpenStack-API-Version': 'maintenance 1.1' };

export interface EventOptions {
  /** Begin after this event. */
  readonly lastEventId?: string;
  /** Before a lost connection is made again, default 3 s. */
  readonly retryMs?: number;
  /** Silence after which a connection counts as lost, default 60 s. */
  readonly silenceMs?: number;
  readonly onConnection?: OnConnection;
  readonly signal?: AbortSignal;
}

/** What is told of a request besides where it goes. */
interface Asked extends Pick<HttpRequest, 'body' | 'headers' | 'shape'> {
  readonly signal?: AbortSignal | undefined;
}

/** The REST API, typed. All methods throw FenixError as `requestJson` says. */
export class FenixClient {
  private readonly base: string;

  constructor(private readonly options: FenixClientOptions) {
    this.base = options.url.replace(/\/+$/, '');
  }

  /**
   * @param idempotencyKey with the same one the same request is carried out once, however often it is sent
   * @returns the new session's id
   */
  async create(session: NewSession, signal?: AbortSignal, idempotencyKey?: string): Promise<string> {
    const answer = await this.request<{ session_id: string }>('POST', '/maintenance', {
      body: session,
      headers: keyHeader(idempotencyKey),
      shape: { session_id: 'text' },
      signal,
    });
    return answer.session_id;
  }

  /** Ids of all sessions, oldest first. */
  async list(signal?: AbortSignal): Promise<string[]> {
    const shape: Shape = { session_id: 'texts' };
    return (await this.request<{ session_id: string[] }>('GET', '/maintenance', { shape, signal })).session_id;
  }

  /** Oldest first, at most `limit` at a time. */
  listPage(query: PageQuery = {}, signal?: AbortSignal): Promise<SessionPage> {
    const values = Object.entries(query).map(([key, value]) => [key, String(value)] as [string, string]);
    return this.request('GET', `/maintenance?${new URLSearchParams(values)}`, {
      headers: PAGED,
      shape: { sessions: 'objects' },
      signal,
    });
  }

  show(sessionId: string, signal?: AbortSignal): Promise<SessionSummary> {
    return this.request('GET', path(sessionId), { shape: { state: 'text' }, signal });
  }

  detail(sessionId: string, signal?: AbortSignal): Promise<SessionDetail> {
    return this.request('GET', `${path(sessionId)}/detail`, { shape: DETAIL, signal });
  }

  /** A failed session goes on where it failed. @returns that state */
  async resumeFailed(sessionId: string, signal?: AbortSignal): Promise<SessionState> {
    const asked: Asked = { body: {}, shape: { state: 'text' }, signal };
    return (await this.request<{ state: SessionState }>('PUT', path(sessionId), asked)).state;
  }

  /** What the session's engine is to do; it does so once it has read it. */
  async control(
    sessionId: string,
    action: ControlRequest,
    signal?: AbortSignal,
    idempotencyKey?: string,
  ): Promise<void> {
    await this.request('POST', `${path(sessionId)}/action`, {
      body: action,
      headers: keyHeader(idempotencyKey),
      signal,
    });
  }

  /** Oldest first; of deleted sessions, too, until they are purged. */
  async history(sessionId: string, signal?: AbortSignal): Promise<HistoryLine[]> {
    const url = `/history?session_id=${encodeURIComponent(sessionId)}`;
    return (await this.request<{ history: HistoryLine[] }>('GET', url, { shape: { history: 'objects' }, signal }))
      .history;
  }

  /** The history as it is written, until the session is deleted; connects again when the connection is lost. */
  events(sessionId: string, options: EventOptions = {}): AsyncGenerator<HistoryLine, void, undefined> {
    const { fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS, token } = this.options;
    const { signal, retryMs = RETRY_MS, silenceMs = SILENCE_MS } = options;
    const open = async (last: string | undefined): Promise<Response> =>
      requestStream(fetch, {
        method: 'GET',
        url: `${this.base}${path(sessionId)}/events`,
        token: await token(),
        headers: { Accept: 'text/event-stream', ...(last !== undefined && { 'Last-Event-ID': last }) },
        timeoutMs,
        ...(signal && { signal }),
      });
    return followEvents(open, { ...options, retryMs, silenceMs, from: new URL(this.base).origin });
  }

  async workflows(signal?: AbortSignal): Promise<readonly ListedPlugin[]> {
    const shape: Shape = { workflows: 'objects' };
    return (await this.request<{ workflows: ListedPlugin[] }>('GET', '/workflows', { shape, signal })).workflows;
  }

  async actions(signal?: AbortSignal): Promise<readonly ListedAction[]> {
    const shape: Shape = { actions: 'objects' };
    return (await this.request<{ actions: ListedAction[] }>('GET', '/actions', { shape, signal })).actions;
  }

  async engines(signal?: AbortSignal): Promise<readonly ListedEngine[]> {
    const shape: Shape = { engines: 'objects' };
    return (await this.request<{ engines: ListedEngine[] }>('GET', '/engines', { shape, signal })).engines;
  }

  async remove(sessionId: string, signal?: AbortSignal): Promise<void> {
    await this.request('DELETE', path(sessionId), { signal });
  }

  /** Ids of the instances that the project's open notice is about. */
  async instances(sessionId: string, projectId: string, signal?: AbortSignal): Promise<string[]> {
    const url = path(sessionId, projectId);
    const shape: Shape = { instance_ids: 'texts' };
    return (await this.request<{ instance_ids: string[] }>('GET', url, { shape, signal })).instance_ids;
  }

  /** @param instanceId for a notice about one instance */
  reply(sessionId: string, projectId: string, reply: ReplyRequest, instanceId?: string): Promise<ReplyAnswer> {
    return this.request('PUT', path(sessionId, projectId, ...(instanceId === undefined ? [] : [instanceId])), {
      body: reply,
    });
  }

  /** Replaces the project's constraints for the instance as a whole. */
  setInstanceConstraints(instanceId: string, body: InstanceConstraintsBody): Promise<InstanceConstraintsAnswer> {
    return this.request('PUT', pathOf('instance', instanceId), { body });
  }

  instanceConstraints(instanceId: string, signal?: AbortSignal): Promise<InstanceConstraintsAnswer> {
    return this.request('GET', pathOf('instance', instanceId), { signal });
  }

  /** Also when there are none. */
  async removeInstanceConstraints(instanceId: string): Promise<void> {
    await this.request('DELETE', pathOf('instance', instanceId));
  }

  /** Replaces the project's constraints for the group as a whole. */
  setGroupConstraints(groupId: string, body: GroupConstraintsBody): Promise<GroupConstraintsAnswer> {
    return this.request('PUT', pathOf('instance_group', groupId), { body });
  }

  groupConstraints(groupId: string, signal?: AbortSignal): Promise<GroupConstraintsAnswer> {
    return this.request('GET', pathOf('instance_group', groupId), { signal });
  }

  /** Also when there are none. */
  async removeGroupConstraints(groupId: string): Promise<void> {
    await this.request('DELETE', pathOf('instance_group', groupId));
  }

  /** Without a token; also when it is not well. */
  async health(signal?: AbortSignal): Promise<Health> {
    const url = `${this.base.replace(/\/v1$/, '')}/healthcheck`;
    return (await this.send({
      method: 'GET',
      url,
      accept: [503],
      shape: { status: 'text', checks: 'object' },
      ...(signal && { signal }),
    })) as unknown as Health;
  }

  private async request<T>(
    method: HttpRequest['method'],
    pathname: string,
    { signal, ...more }: Asked = {},
  ): Promise<T> {
    const token = await this.options.token();
    const url = this.base + pathname;
    return (await this.send({ method, url, token, ...more, ...(signal && { signal }) })) as T;
  }

  private send(request: Omit<HttpRequest, 'timeoutMs'>): Promise<unknown> {
    const { fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS } = this.options;
    return requestJson(fetch, { ...request, timeoutMs });
  }
}

function path(...ids: string[]): string {
  return pathOf('maintenance', ...ids);
}

function pathOf(...words: string[]): string {
  return words.map((word) => `/${encodeURIComponent(word)}`).join('');
}

function keyHeader(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { 'Idempotency-Key': key };
}
