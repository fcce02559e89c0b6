import { parsePython } from './python-parse.js';

/** A maintenance.scheduled as its receiver understands it. */
export interface ManagerNotice {
  readonly state: string;
  readonly sessionId: string;
  readonly replyUrl: string;
  readonly allowedActions: readonly string[];
  /** A URL that lists them (`default` style), or the ids themselves (`vnf` style). */
  readonly instances: { readonly url: string } | { readonly ids: readonly string[] };
}

/** Reads Aodh's POST. Throws when a field is missing or its text is not readable. */
export function parseNotice(body: unknown): ManagerNotice {
  const traits = (body as { reason_data?: { event?: { traits?: unknown } } } | null)?.reason_data?.event?.traits;
  if (!Array.isArray(traits)) throw new SyntaxError('The alarm has no traits.');
  const values = new Map(traits.map(([name, , value]: readonly unknown[]) => [String(name), String(value)]));
  const text = (name: string): string => {
    const value = values.get(name);
    if (value === undefined) throw new SyntaxError(`The notice has no ${name}.`);
    return value;
  };
  const instances = text('instance_ids');
  parsePython(values.get('metadata') ?? '{}');
  return {
    state: text('state'),
    sessionId: text('session_id'),
    replyUrl: text('reply_url'),
    allowedActions: textList(text('allowed_actions')),
    instances: /^https?:/.test(instances) ? { url: instances } : { ids: textList(instances) },
  };
}

function textList(text: string): string[] {
  const value = parsePython(text);
  if (!Array.isArray(value)) throw new SyntaxError(`Not a list: ${text}`);
  return value.map(String);
}
