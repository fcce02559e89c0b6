import type { RequestContext } from '../common/context.js';
import { fromWireContext } from '../messaging/request-context.js';
import { RpcServer, type RpcServerOptions } from '../messaging/rpc-server.js';
import { DEFAULT_ENGINE_TOPIC, ENGINE_API_VERSION, type EnginePing } from './engine-api.js';

/** What an engine does for the API. */
export interface EngineHandlers {
  /** There may be something new for the session; also called for sessions of others, doubled and late. */
  wake(sessionId: string, context: RequestContext | undefined): void;
  ping(): EnginePing;
}

export type EngineServerOptions = Omit<RpcServerOptions, 'endpoints' | 'topic'> & { readonly topic?: string };

/** The server side of {@link EngineApi}, not yet started. */
export function serveEngineApi(options: EngineServerOptions, handlers: EngineHandlers): RpcServer {
  const methods = {
    wake: (args: Readonly<Record<string, unknown>>, context: Readonly<Record<string, unknown>>): void => {
      if (typeof args.session_id !== 'string') throw new TypeError("wake() needs 'session_id', a string");
      handlers.wake(args.session_id, fromWireContext(context));
    },
    ping: () => {
      const { engineId, version } = handlers.ping();
      return { engine_id: engineId, version };
    },
  };
  const topic = options.topic ?? DEFAULT_ENGINE_TOPIC;
  return new RpcServer({ ...options, topic, endpoints: [{ version: ENGINE_API_VERSION, methods }] });
}
