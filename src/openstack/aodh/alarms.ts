import type { EventAlarm } from '../../workflow/cloud-port.js';
import type { ServiceApi } from '../service-api.js';

/** Aodh has no links to the next page: one that is not full is the last. */
const PAGE_SIZE = 1000;

/** Aodh API v2, GET /v2/alarms. */
interface AodhAlarm {
  readonly alarm_id: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly project_id: string;
  readonly alarm_actions: readonly string[];
  /** Only of type `event`. */
  readonly event_rule?: { readonly event_type: string };
}

/** Enabled event alarms of all projects that do something; alarms of other types are other people's business. */
export async function listEventAlarms(aodh: ServiceApi, signal?: AbortSignal): Promise<EventAlarm[]> {
  const query = { 'q.field': 'all_projects', 'q.op': 'eq', 'q.value': 'true', limit: PAGE_SIZE };
  const alarms: AodhAlarm[] = [];
  const markers = new Set<string>();
  for (let marker: string | undefined; ; ) {
    const page = await aodh.get<AodhAlarm[]>('/v2/alarms', { query: { ...query, marker }, signal });
    alarms.push(...page);
    marker = page.at(-1)?.alarm_id;
    // One that ends as an earlier one did comes from a service that takes no marker.
    if (marker === undefined || page.length < PAGE_SIZE || markers.has(marker)) break;
    markers.add(marker);
  }
  return alarms.flatMap(({ type, enabled, project_id, alarm_actions, event_rule }) =>
    type === 'event' && enabled && alarm_actions.length > 0 && event_rule !== undefined
      ? [{ projectId: project_id, eventType: event_rule.event_type }]
      : [],
  );
}
