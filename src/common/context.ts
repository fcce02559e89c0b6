import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/**
 * Who asks, carried from an API request through RPC to history rows. Never holds a token.
 * The same fields as oslo.context's RequestContext uses, so that Python peers can read it.
 */
export interface RequestContext {
  /** `req-<uuid>`, also sent as x-openstack-request-id. */
  readonly requestId: string;
  readonly userId?: string;
  readonly projectId?: string;
  /** Address the request came from. */
  readonly from?: string;
}

/** A new `req-<uuid>` (oslo.context `generate_request_id`). */
export function newRequestId(): string {
  return `req-${randomUUID()}`;
}

const asked = new AsyncLocalStorage<string | undefined>();

/** Does `work`, and everything that it starts, on behalf of a request: the cloud's logs name it then. */
export function withRequestId<T>(requestId: string | undefined, work: () => T): T {
  return asked.run(requestId, work);
}

const WELL_FORMED = /^req-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whose work this is; undefined for what is done for nobody in particular, and for an id that services would refuse. */
export function currentRequestId(): string | undefined {
  const requestId = asked.getStore();
  return requestId !== undefined && WELL_FORMED.test(requestId) ? requestId : undefined;
}
