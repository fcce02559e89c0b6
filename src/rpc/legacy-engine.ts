import type { RequestContext } from '../common/context.js';
import { FenixError } from '../common/errors.js';
import { newHexId } from '../messaging/ids.js';
import { fromWireContext } from '../messaging/request-context.js';
import type { RpcEndpoint, RpcMethod } from '../messaging/rpc-dispatcher.js';
import type { WireContext } from '../messaging/rpc-message.js';

/**
 * What the Python releases' API process asked of their engine, by the same names: its requests name neither user nor
 * rights, so whoever reaches the broker may do everything. Answers are those of the REST API; what that refuses
 * rejects with a FenixError of the same code.
 */
export interface LegacyHandlers {
  list(context: RequestContext): Promise<unknown>;
  /** @param data body of POST /v1/maintenance. Code `too-many-sessions` when there is no place */
  create(data: unknown, context: RequestContext): Promise<unknown>;
  /** Code `not-found` for an unknown session, here and below. */
  show(sessionId: string, context: RequestContext): Promise<unknown>;
  remove(sessionId: string, context: RequestContext): Promise<unknown>;
  resume(sessionId: string, context: RequestContext): Promise<unknown>;
  listInstances(sessionId: string, projectId: string, context: RequestContext): Promise<unknown>;
  /** @param data body of PUT /v1/maintenance/{session}/{project} */
  reply(sessionId: string, projectId: string, data: unknown, context: RequestContext): Promise<unknown>;
}

/** Version 1.0 without namespace, as the Python releases' target is. */
export function legacyEndpoint(handlers: LegacyHandlers): RpcEndpoint {
  return {
    version: '1.0',
    methods: {
      admin_get: method([], (_, context) => handlers.list(context)),
      // Its API process answers 509 for null here, and 404 below.
      admin_create_session: method(['data'], ({ data }, context) =>
        nullFor('too-many-sessions', handlers.create(data, context)),
      ),
      admin_get_session: method(['session_id'], ({ session_id: id }, context) =>
        nullFor('not-found', handlers.show(String(id), context)),
      ),
      admin_delete_session: method(['session_id'], ({ session_id: id }, context) =>
        handlers.remove(String(id), context),
      ),
      admin_update_session: method(['session_id'], ({ session_id: id }, context) =>
        handlers.resume(String(id), context),
      ),
      project_get_session: method(['session_id', 'project_id'], ({ session_id: id, project_id: project }, context) =>
        nullFor('not-found', handlers.listInstances(String(id), String(project), context)),
      ),
      project_update_session: method(
        ['session_id', 'project_id', 'data'],
        ({ session_id: id, project_id: project, data }, context) =>
          handlers.reply(String(id), String(project), data, context),
      ),
    },
  };
}

/** A method with exactly these keyword arguments, as Python would have it. */
function method(
  names: readonly string[],
  work: (args: Readonly<Record<string, unknown>>, context: RequestContext) => Promise<unknown>,
): RpcMethod {
  return (args, context) => {
    const missing = names.filter((name) => !(name in args));
    const unknown = Object.keys(args).filter((name) => !names.includes(name));
    if (missing.length > 0) throw new TypeError(`missing arguments: ${missing.join(', ')}`);
    if (unknown.length > 0) throw new TypeError(`unexpected arguments: ${unknown.join(', ')}`);
    return work(args, contextOf(context));
  };
}

/** Requests of the Python releases carry no context at all. */
function contextOf(wire: WireContext): RequestContext {
  return fromWireContext(wire) ?? { requestId: `req-${newHexId()}` };
}

async function nullFor(code: string, answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof FenixError && thrown.code === code) return null;
    throw thrown;
  }
}
