import type { RequestContext } from '../common/context.js';
import { fromWireContext } from '../messaging/request-context.js';
import { RpcServer, type RpcServerOptions } from '../messaging/rpc-server.js';
import { DEFAULT_ENGINE_TOPIC, type EnginePing } from './engine-api.js';
import { ENGINE_API_VERSION } from './engine-versions.js';
import { type LegacyHandlers, legacyEndpoint } from './legacy-engine.js';

/** What an engine does for the API. */
export interface EngineHandlers {
  /** There may be something new for the session; also called for sessions of others, doubled and late. */
  wake(sessionId: string, context: RequestContext | undefined): void;
  ping(): EnginePing;
}

export interface EngineServerOptions extends Omit<RpcServerOptions, 'endpoints' | 'topic'> {
  readonly topic?: string;
  /** Serves the methods of the Python releases as well. */
  readonly legacy?: LegacyHandlers;
}

/** The server side of {@link EngineApi}, not yet started. */
export function serveEngineApi(options: EngineServerOptions, handlers: EngineHandlers): RpcServer {
  const methods = {
    wake: (args: Readonly<Record<string, unknown>>, context: Readonly<Record<string, unknown>>): void => {
      if (typeof args.session_id !== 'string') throw new TypeError("wake() needs 'session_id', a string");
      handlers.wake(args.session_id, fromWireContext(context));
    },
    wake_all: (args: Readonly<Record<string, unknown>>, context: Readonly<Record<string, unknown>>): void => {
      const { session_ids: ids } = args;
      if (!isListOfTexts(ids)) throw new TypeError("wake_all() needs 'session_ids', a list of strings");
      for (const id of ids) handlers.wake(id, fromWireContext(context));
    },
    ping: () => {
      const { engineId, version } = handlers.ping();
      return { engine_id: engineId, version };
    },
  };
  const { topic = DEFAULT_ENGINE_TOPIC, legacy, ...rest } = options;
  const endpoints = [{ version: ENGINE_API_VERSION, methods }, ...(legacy ? [legacyEndpoint(legacy)] : [])];
  return new RpcServer({ ...rest, topic, endpoints });
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
