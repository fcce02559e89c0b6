import { pythonStr } from '../../common/python-literal.js';
import type { Notification } from '../../messaging/notification.js';

/** Name, type (1 text, 2 integer, 4 datetime), value. */
export type Trait = readonly [name: string, type: 1 | 2 | 4, value: string | number];

type TraitType = 'text' | 'int' | 'datetime';

/** What etc/fenix gives Ceilometer to read: a trait for each field of the payload. */
const DEFINITIONS: Readonly<Record<string, Readonly<Record<string, TraitType>>>> = {
  'maintenance.scheduled': {
    service: 'text',
    project_id: 'text',
    allowed_actions: 'text',
    instance_ids: 'text',
    reply_url: 'text',
    state: 'text',
    session_id: 'text',
    actions_at: 'datetime',
    reply_at: 'datetime',
    metadata: 'text',
  },
  'maintenance.host': { service: 'text', project_id: 'text', host: 'text', state: 'text', session_id: 'text' },
  'maintenance.session': {
    service: 'text',
    project_id: 'text',
    state: 'text',
    session_id: 'text',
    percent_done: 'int',
  },
};

/** Ceilometer's `max_value_length` of text traits, in characters. */
const TEXT_LIMIT = 255;

/** Ceilometer's event of a notification: its traits, or undefined for an event type that it was not told about. */
export function traitsOf(notification: Notification): Trait[] | undefined {
  const definition = DEFINITIONS[notification.eventType];
  if (definition === undefined) return undefined;
  const payload = payloadOf(notification);
  const { context, publisherId } = notification;
  // Ceilometer's own, for all events; a definition of the same name takes their place.
  const found = new Map<string, Trait>();
  const add = (name: string, type: TraitType, value: unknown): void => {
    const trait = makeTrait(name, type, value);
    if (trait !== undefined) found.set(name, trait);
  };
  const contextProject = context.project_id ?? context.tenant;
  add('service', 'text', payload.service ?? publisherId);
  add('request_id', 'text', context.request_id);
  add('project_id', 'text', payload.project_id ?? payload.tenant_id ?? contextProject);
  add('user_id', 'text', payload.user_id ?? context.user_id);
  add('tenant_id', 'text', payload.tenant_id ?? contextProject);
  for (const [name, type] of Object.entries(definition)) if (!found.has(name)) add(name, type, payload[name]);
  return [...found.values()];
}

/** A payload that is no object has no fields. */
export function payloadOf({ payload }: Notification): Readonly<Record<string, unknown>> {
  return typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : {};
}

function makeTrait(name: string, type: TraitType, value: unknown): Trait | undefined {
  if (value === null || value === undefined) return undefined;
  if (type === 'text') return [name, 1, cut(pythonStr(value))];
  if (value === '') return undefined;
  if (type === 'int') return Number.isFinite(Number(value)) ? [name, 2, Math.trunc(Number(value))] : undefined;
  const instant = naiveUtc(String(value));
  return instant === undefined ? undefined : [name, 4, instant];
}

function cut(text: string): string {
  return [...text].slice(0, TEXT_LIMIT).join('');
}

/** Python's `isoformat()` of a naive UTC datetime: no zone, and no fraction where it is zero. */
export function naiveUtc(text: string): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}:?\d{2})?$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const instant = new Date(`${match[1]}T${match[2]}${match[4] ?? 'Z'}`);
  if (Number.isNaN(instant.getTime())) return undefined;
  const fraction = (match[3] ?? '').padEnd(6, '0');
  return instant.toISOString().slice(0, 19) + (fraction === '000000' ? '' : `.${fraction}`);
}
