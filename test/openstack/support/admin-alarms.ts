import type { ExecutionContext } from 'ava';
import type { Rest } from '../cloud/rest.js';
import { AlarmListener } from './alarm-listener.js';

/** Hears of an event type by an alarm in a user's project, until the test ends. */
export async function hearOf(t: ExecutionContext, user: Rest, eventType: string): Promise<AlarmListener> {
  const listener = await AlarmListener.start(t);
  const { alarm_id: id } = await user.call<{ alarm_id: string }>('alarming', 'POST', '/v2/alarms', {
    name: eventType,
    type: 'event',
    repeat_actions: true,
    alarm_actions: [listener.url],
    event_rule: { event_type: eventType },
  });
  t.teardown(() => user.call('alarming', 'DELETE', `/v2/alarms/${id}`));
  return listener;
}
