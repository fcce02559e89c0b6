import type { RequestContext } from '../../common/context.js';

/** Where a decision came from, for its line of history: request and address. */
export function originOf({ requestId, from }: RequestContext): Readonly<Record<string, string>> {
  return { request_id: requestId, ...(from !== undefined && { address: from }) };
}
