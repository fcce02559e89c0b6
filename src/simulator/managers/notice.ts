import { isObject } from '../http/wire.js';

/** A maintenance.scheduled as its receiver understands it. */
export interface ManagerNotice {
  readonly state: string;
  readonly sessionId: string;
  readonly replyUrl: string;
  readonly allowedActions: readonly string[];
  /** A URL that lists them (`default` style), or the ids themselves (`vnf` style). */
  readonly instances: { readonly url: string } | { readonly ids: readonly string[] };
  /** What the session's admin lets managers know, e.g. the release that hosts will have. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Until when an answer is wanted, where one is. */
  readonly replyAt: Date | null;
}

/**
 * Reads Aodh's POST. Throws when a field is missing or its text is not readable.
 *
 * @param literal how the text of lists and objects is read
 */
export function parseNotice(body: unknown, literal: (text: string) => unknown): ManagerNotice {
  const traits = (body as { reason_data?: { event?: { traits?: unknown } } } | null)?.reason_data?.event?.traits;
  if (!Array.isArray(traits)) throw new SyntaxError('The alarm has no traits.');
  const values = new Map(traits.map(([name, , value]: readonly unknown[]) => [String(name), String(value)]));
  const text = (name: string): string => {
    const value = values.get(name);
    if (value === undefined) throw new SyntaxError(`The notice has no ${name}.`);
    return value;
  };
  const list = (name: string): string[] => {
    const value = literal(text(name));
    if (!Array.isArray(value)) throw new SyntaxError(`Not a list: ${text(name)}`);
    return value.map(String);
  };
  const metadata = literal(values.get('metadata') ?? '{}');
  const replyAt = values.get('reply_at');
  return {
    state: text('state'),
    sessionId: text('session_id'),
    replyUrl: text('reply_url'),
    allowedActions: list('allowed_actions'),
    instances: /^https?:/.test(text('instance_ids')) ? { url: text('instance_ids') } : { ids: list('instance_ids') },
    metadata: isObject(metadata) ? metadata : {},
    replyAt: replyAt === undefined ? null : new Date(`${replyAt}Z`),
  };
}
