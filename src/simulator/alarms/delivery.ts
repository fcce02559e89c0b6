import { createHash } from 'node:crypto';
import { newRequestId } from '../../common/context.js';
import { FenixError, messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import type { Notification } from '../../messaging/notification.js';
import type { Cloud } from '../cloud.js';
import type { Faults } from '../faults/faults.js';
import { pythonJson } from './python-json.js';
import type { Alarm, AlarmStore } from './store.js';
import { naiveUtc, payloadOf, type Trait, traitsOf } from './traits.js';

/** Machine time that a manager has to take a POST (Aodh's notifier has none; ours must end). */
const POST_TIMEOUT_MS = 10_000;

/** Ceilometer and Aodh between a notification and the project managers' alarm actions. */
export class AlarmDelivery {
  constructor(
    private readonly cloud: Cloud,
    private readonly alarms: AlarmStore,
    private readonly faults: Faults,
    private readonly logger: Logger,
  ) {}

  /** Fires the alarms that a notification hits. Resolves when every action was POSTed or has failed; never rejects. */
  async deliver(notification: Notification): Promise<void> {
    this.cloud.timeline.catchUp();
    const traits = traitsOf(notification);
    if (traits === undefined) return;
    const project = projectOf(traits);
    const hit = this.alarms.all().filter((alarm) => fires(alarm, project, notification.eventType));
    await Promise.all(hit.map((alarm) => this.fire(alarm, notification, traits)));
  }

  private async fire(alarm: Alarm, notification: Notification, traits: readonly Trait[]): Promise<void> {
    const body = alarmBody(alarm, notification, traits);
    alarm.state = 'alarm';
    alarm.state_reason = body.reason;
    alarm.state_timestamp = this.cloud.now();
    const text = pythonJson(body);
    await Promise.all(alarm.alarm_actions.map((url) => this.post(alarm, url, notification, text)));
  }

  private async post(alarm: Alarm, url: string, notification: Notification, body: string): Promise<void> {
    const { eventType, messageId } = notification;
    const payload = payloadOf(notification);
    let status: number | null = null;
    try {
      if (this.faults.losesAlarm(alarm.project_id)) throw new FenixError('transient', 'lost', 'The POST was lost.');
      const headers = { 'content-type': 'application/json', 'x-openstack-request-id': newRequestId() };
      const signal = AbortSignal.timeout(POST_TIMEOUT_MS);
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      await response.arrayBuffer();
      status = response.status;
    } catch (error) {
      this.logger.warn({ url, error: messageOf(error) }, 'alarm action failed');
    }
    const state = typeof payload.state === 'string' ? payload.state : null;
    this.cloud.log.add({ kind: 'alarm-post', projectId: alarm.project_id, url, eventType, messageId, state, status });
  }
}

/** Aodh takes tenant_id for the event's project where there is one. */
function projectOf(traits: readonly Trait[]): string | undefined {
  const value = (name: string) => traits.find(([trait]) => trait === name)?.[2];
  return (value('tenant_id') ?? value('project_id'))?.toString();
}

function fires(alarm: Alarm, project: string | undefined, eventType: string): boolean {
  const due = alarm.state !== 'alarm' || alarm.repeat_actions;
  return (
    alarm.type === 'event' &&
    alarm.enabled &&
    due &&
    alarm.project_id === project &&
    fnmatch(alarm.eventType, eventType)
  );
}

/** Python's fnmatch: `*`, `?`, `[set]` and `[!set]`. */
export function fnmatch(pattern: string, text: string): boolean {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (part: string, not: string, set: string | undefined) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`;
    if (part === '*') return '[\\s\\S]*';
    return part === '?' ? '[\\s\\S]' : part.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
  });
  return new RegExp(`^${source}$`).test(text);
}

function alarmBody(alarm: Alarm, notification: Notification, traits: readonly Trait[]) {
  const { messageId: message_id, eventType: event_type, timestamp } = notification;
  const generated = naiveUtc(timestamp ?? '') ?? timestamp;
  const event = { message_id, event_type, generated, traits, raw: {} };
  return {
    alarm_name: alarm.name,
    alarm_id: alarm.alarm_id,
    severity: alarm.severity,
    previous: alarm.state,
    current: 'alarm',
    reason: `Event <id=${message_id},event_type=${event_type}> hits the query <query=[]>.`,
    reason_data: {
      type: 'event',
      event: { ...event, message_signature: createHash('sha256').update(JSON.stringify(event)).digest('hex') },
    },
  };
}
