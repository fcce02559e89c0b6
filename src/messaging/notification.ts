import type { Content } from './envelope.js';
import { newHexId } from './ids.js';
import { contextContent, contextOf, type WireContext } from './rpc-message.js';

export const PRIORITIES = ['AUDIT', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL', 'SAMPLE'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What a notifier sends. */
export interface OutgoingNotification {
  /** E.g. `maintenance.scheduled`. */
  readonly eventType: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** UUID, the same however often it is published. */
  readonly messageId: string;
  readonly timestamp: Date;
  readonly publisherId: string;
  /** Default INFO. */
  readonly priority?: Priority;
  readonly context?: WireContext;
}

/** A notification as a listener gets it, from us or from a Python peer. */
export interface Notification {
  readonly eventType: string;
  readonly payload: unknown;
  readonly messageId: string | null;
  /** Text as it came: `YYYY-MM-DD HH:MM:SS[.ffffff]`, UTC. */
  readonly timestamp: string | null;
  readonly publisherId: string | null;
  readonly priority: Priority;
  readonly context: WireContext;
}

/**
 * Keys of the context that may leave, oslo.messaging's list without `project_id`: of that Ceilometer makes a trait
 * `tenant_id`, by which Aodh would route the event to the wrong project.
 */
const CONTEXT_KEYS: ReadonlySet<string> = new Set([
  ...['user_id', 'domain_id', 'user_domain_id', 'project_domain_id', 'is_admin', 'request_id', 'roles', 'user_name'],
  ...['project_name', 'domain_name', 'user_domain_name', 'project_domain_name', 'service_user_id'],
  ...['service_user_domain_id', 'service_user_domain_name', 'service_project_id', 'service_project_name'],
  ...['service_project_domain_id', 'service_project_domain_name', 'service_roles', 'global_request_id'],
  ...['system_scope', 'user', 'domain', 'user_domain', 'project_domain'],
]);

export function notificationContent(notification: OutgoingNotification): Content {
  const context = Object.entries(notification.context ?? {}).filter(([key]) => CONTEXT_KEYS.has(key));
  return {
    message_id: notification.messageId,
    publisher_id: notification.publisherId,
    event_type: notification.eventType,
    priority: notification.priority ?? 'INFO',
    payload: notification.payload,
    timestamp: formatTimestamp(notification.timestamp),
    _unique_id: newHexId(),
    ...contextContent(Object.fromEntries(context)),
  };
}

/** Undefined when it names no event or no priority that exists. */
export function parseNotification(content: Content): Notification | undefined {
  const priority = PRIORITIES.find((known) => known === String(content.priority).toUpperCase());
  if (priority === undefined || typeof content.event_type !== 'string') return undefined;
  return {
    eventType: content.event_type,
    payload: content.payload ?? null,
    messageId: textOrNull(content.message_id),
    timestamp: textOrNull(content.timestamp),
    publisherId: textOrNull(content.publisher_id),
    priority,
    context: contextOf(content),
  };
}

/** `2026-01-01 09:59:20.000000`. */
function formatTimestamp(date: Date): string {
  return date.toISOString().replace('T', ' ').replace('Z', '000');
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
