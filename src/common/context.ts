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
