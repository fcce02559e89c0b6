import type { RequestContext } from '../common/context.js';
import { FenixError, messageOf } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { toWireContext } from '../messaging/request-context.js';
import { isWithinCap, type RpcClient, type RpcTarget } from '../messaging/rpc-client.js';
import { ENGINE_METHODS } from './engine-versions.js';

/** `[engine] rpc_topic`. */
export const DEFAULT_ENGINE_TOPIC = 'fenix.engine';

/** What an engine says of itself. */
export interface EnginePing {
  readonly engineId: string;
  readonly version: string;
}

export interface EngineApiOptions {
  readonly client: RpcClient;
  readonly logger: Logger;
  readonly topic?: string;
  /** The newest version that all engines serve, while some are older than this API; absent = no cap. */
  readonly versionCap?: string;
  /** For calls, default 10 s. */
  readonly callTimeoutMs?: number;
}

const CALL_TIMEOUT_MS = 10_000;

/** The engines, as the API sees them. Everything that must not be lost goes through the database instead (L1). */
export class EngineApi {
  private failing = false;

  constructor(private readonly options: EngineApiOptions) {}

  /**
   * Hints to all engines that there is something new for a session; whoever owns it looks. Never rejects, as a lost hint
   * only costs the time until the next sweep (L1). Returns whether it was sent; an outage is logged once.
   */
  wake(sessionId: string, context?: RequestContext): Promise<boolean> {
    return this.hint('wake', { session_id: sessionId }, context);
  }

  /** The same for several at once; one by one for engines that know nothing else (`versionCap`). */
  async wakeAll(sessionIds: readonly string[]): Promise<boolean> {
    if (isWithinCap(this.targetOf('wake_all'))) return this.hint('wake_all', { session_ids: sessionIds });
    const sent = await Promise.all(sessionIds.map((id) => this.wake(id)));
    return sent.every((one) => one);
  }

  private async hint(method: 'wake' | 'wake_all', args: object, context?: RequestContext): Promise<boolean> {
    try {
      const wire = context ? toWireContext(context) : {};
      await this.options.client.fanout(this.targetOf(method), method, { ...args }, wire);
      this.failing = false;
      return true;
    } catch (thrown) {
      if (!this.failing)
        this.options.logger.warn({ error: messageOf(thrown) }, 'engines cannot be woken, they will poll');
      this.failing = true;
      return false;
    }
  }

  /** Any engine that answers, or `server` alone. Rejects as {@link RpcClient.call} does. */
  async ping(server?: string): Promise<EnginePing> {
    const target = { ...this.targetOf('ping'), ...(server !== undefined && { server }) };
    const timeoutMs = this.options.callTimeoutMs ?? CALL_TIMEOUT_MS;
    return parsePing(await this.options.client.call(target, 'ping', {}, {}, { timeoutMs }));
  }

  private targetOf(method: keyof typeof ENGINE_METHODS): RpcTarget {
    const { topic = DEFAULT_ENGINE_TOPIC, versionCap } = this.options;
    return { topic, version: ENGINE_METHODS[method], ...(versionCap !== undefined && { versionCap }) };
  }
}

function parsePing(result: unknown): EnginePing {
  const { engine_id: engineId, version } = Object(result) as Record<string, unknown>;
  if (typeof engineId === 'string' && typeof version === 'string') return { engineId, version };
  throw new FenixError('terminal', 'bad-reply', 'The engine answered a ping with something else.');
}
