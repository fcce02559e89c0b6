import type { Trait } from './alarm-listener.js';

/** What of a notice is not fixed by its form. */
export interface NoticeAbout {
  readonly sessionId: string;
  readonly projectId: string;
  /** Up to and including /v1. */
  readonly url: string;
  /** The session's metadata, as Python writes it. */
  readonly metadata: string;
}

const ASKED = ['MAINTENANCE', 'SCALE_IN', 'PREPARE_MAINTENANCE', 'PLANNED_MAINTENANCE', 'MAINTENANCE_COMPLETE'];
const ACTIONS = "['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION']";
const OFFERED = ['PREPARE_MAINTENANCE', 'PLANNED_MAINTENANCE'];

/** What is wrong with the traits of a maintenance.scheduled of the `default` style, by Fenix v1 §2.3 and §3.6. */
export function deviations(traits: readonly Trait[], about: NoticeAbout, heardAt: Date): string[] {
  const values = new Map(traits.map(([name, type, value]) => [name, { type, value: String(value) }]));
  const state = values.get('state')?.value ?? '';
  const isAsked = ASKED.includes(state);
  const projectUrl = `${about.url}/maintenance/${about.sessionId}/${about.projectId}`;
  const expected: Record<string, readonly [type: number, value: RegExp]> = {
    service: [1, /^fenix$/],
    project_id: [1, exactly(about.projectId)],
    session_id: [1, exactly(about.sessionId)],
    state: [1, isAsked ? exactly(state) : /^INSTANCE_ACTION_DONE$/],
    allowed_actions: [1, exactly(OFFERED.includes(state) ? ACTIONS : '[]')],
    instance_ids: [1, isAsked ? exactly(projectUrl) : /^\['[0-9a-f-]{36}'\]$/],
    metadata: [1, exactly(isAsked ? about.metadata : '{}')],
    reply_url: [1, exactly(projectUrl)],
    ...(isAsked && { actions_at: [4, INSTANT], reply_at: [4, INSTANT] }),
  };
  const wrong = Object.entries(expected).flatMap(([name, [type, value]]) => {
    const found = values.get(name);
    const fits = found?.type === type && value.test(found.value) && found.value.length <= 255;
    return fits ? [] : [`${state}: ${name} is ${JSON.stringify(found)}`];
  });
  const unexpected = [...values.keys()].filter((name) => !Object.hasOwn(expected, name));
  const [replyAt, actionsAt] = ['reply_at', 'actions_at'].map((name) => Date.parse(`${values.get(name)?.value}Z`));
  const isLate = isAsked && !((replyAt ?? 0) > heardAt.getTime() && (actionsAt ?? 0) >= (replyAt ?? 0));
  return [
    ...wrong,
    ...unexpected.map((name) => `${state}: there is a trait ${name}`),
    ...(isLate ? [`${state}: due at ${replyAt}, ${actionsAt}`] : []),
  ];
}

/** Naive UTC, whole seconds. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
}
