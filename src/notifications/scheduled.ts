import type { Notice } from '../model/notice.js';
import type { NoticeState } from '../model/states.js';
import { payloadTimestamp } from './timestamp.js';
import { instanceUrl, projectUrl } from './urls.js';

/** To a project: what will happen to its instances, or has (v1 §3.2). */
export const SCHEDULED_EVENT = 'maintenance.scheduled';

/** How a workflow speaks to projects (v1 §2.3); never mixed within a session. */
export type NoticeStyle = 'default' | 'vnf';

/** Exactly the fields of v1 §3.2; Ceilometer makes a trait of each. */
export type ScheduledPayload = {
  readonly service: 'fenix';
  readonly session_id: string;
  /** The receiving project; Aodh routes by it. */
  readonly project_id: string;
  readonly state: NoticeState;
  readonly allowed_actions: readonly string[];
  /** The URL that lists them, or a list of exactly one: longer ones are cut on their way. */
  readonly instance_ids: string | readonly [string];
  readonly actions_at: string | null;
  readonly reply_at: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly reply_url: string;
};

export interface ScheduledSource {
  readonly session: { readonly sessionId: string; readonly metadata: Readonly<Record<string, unknown>> };
  readonly notice: Notice;
  readonly style: NoticeStyle;
  /** Up to and including `/v1`. */
  readonly publicUrl: string;
}

/** Throws a TypeError for a notice about one instance that names none. */
export function scheduledPayload({ session, notice, style, publicUrl }: ScheduledSource): ScheduledPayload {
  const { projectId, state } = notice;
  const ofProject = projectUrl(publicUrl, session.sessionId, projectId);
  const aboutOne = isAboutOneInstance(state, style);
  return {
    service: 'fenix',
    session_id: session.sessionId,
    project_id: projectId,
    state,
    allowed_actions: [...notice.allowedActions],
    instance_ids: aboutOne ? [instanceOf(notice)] : ofProject,
    actions_at: notice.actionsAt && payloadTimestamp(notice.actionsAt),
    reply_at: notice.replyAt && payloadTimestamp(notice.replyAt),
    metadata: state === 'INSTANCE_ACTION_DONE' ? {} : session.metadata,
    reply_url:
      aboutOne && style === 'vnf'
        ? instanceUrl(publicUrl, session.sessionId, projectId, instanceOf(notice))
        : ofProject,
  };
}

function isAboutOneInstance(state: NoticeState, style: NoticeStyle): boolean {
  switch (state) {
    case 'MAINTENANCE':
    case 'SCALE_IN':
    case 'MAINTENANCE_COMPLETE':
      return false;
    case 'PREPARE_MAINTENANCE':
    case 'PLANNED_MAINTENANCE':
      return style === 'vnf';
    case 'INSTANCE_ACTION_DONE':
    case 'INSTANCE_ACTION_FALLBACK':
    case 'INSTANCE_ACTION_FAILED':
      return true;
  }
}

function instanceOf({ instanceId, state, noticeId }: Notice): string {
  if (instanceId === null) throw new TypeError(`Notice ${noticeId} of state ${state} names no instance.`);
  return instanceId;
}
