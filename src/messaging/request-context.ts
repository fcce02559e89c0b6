import type { RequestContext } from '../common/context.js';
import type { WireContext } from './rpc-message.js';

/** The keys by which oslo.context, and so Python peers, know a request's context. */
export function toWireContext(context: RequestContext): WireContext {
  return {
    request_id: context.requestId,
    ...(context.userId !== undefined && { user_id: context.userId }),
    ...(context.projectId !== undefined && { project_id: context.projectId }),
    ...(context.from !== undefined && { remote_address: context.from }),
  };
}

/** Undefined when a peer sent no request id. */
export function fromWireContext(wire: WireContext): RequestContext | undefined {
  const { request_id: requestId, user_id: userId, project_id: projectId, remote_address: from } = wire;
  if (typeof requestId !== 'string') return undefined;
  return {
    requestId,
    ...(typeof userId === 'string' && { userId }),
    ...(typeof projectId === 'string' && { projectId }),
    ...(typeof from === 'string' && { from }),
  };
}
