/** States of a maintenance session (v1 §2.1). */
export const SESSION_STATES = [
  'MAINTENANCE',
  'SCALE_IN',
  'PREPARE_MAINTENANCE',
  'START_MAINTENANCE',
  'PLANNED_MAINTENANCE',
  'MAINTENANCE_COMPLETE',
  'MAINTENANCE_DONE',
  'MAINTENANCE_FAILED',
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** States in which a workflow has a handler. */
export type ActiveState = Exclude<SessionState, 'MAINTENANCE_DONE' | 'MAINTENANCE_FAILED'>;
export const ACTIVE_STATES = SESSION_STATES.filter(
  (state): state is ActiveState => state !== 'MAINTENANCE_DONE' && state !== 'MAINTENANCE_FAILED',
);

/** Allowed transitions. Every active state may also go to MAINTENANCE_FAILED; a failed session goes back where it failed. */
export const SESSION_TRANSITIONS: Readonly<Record<SessionState, readonly SessionState[]>> = {
  // everybody was told and answered; then by free room
  MAINTENANCE: ['SCALE_IN', 'PREPARE_MAINTENANCE', 'START_MAINTENANCE', 'MAINTENANCE_FAILED'],
  // capacity was freed, or not yet enough
  SCALE_IN: ['SCALE_IN', 'PREPARE_MAINTENANCE', 'START_MAINTENANCE', 'PLANNED_MAINTENANCE', 'MAINTENANCE_FAILED'],
  // one host became empty, or did not
  PREPARE_MAINTENANCE: ['START_MAINTENANCE', 'SCALE_IN', 'MAINTENANCE_FAILED'],
  // the empty hosts are maintained; next one, or none left
  START_MAINTENANCE: ['PLANNED_MAINTENANCE', 'MAINTENANCE_COMPLETE', 'MAINTENANCE_FAILED'],
  // a host was emptied onto maintained ones, or room was lost
  PLANNED_MAINTENANCE: ['START_MAINTENANCE', 'SCALE_IN', 'MAINTENANCE_FAILED'],
  // projects were told that they may scale back
  MAINTENANCE_COMPLETE: ['MAINTENANCE_DONE', 'MAINTENANCE_FAILED'],
  MAINTENANCE_DONE: [],
  // continuing goes on exactly where it failed
  MAINTENANCE_FAILED: [...ACTIVE_STATES],
};

/** States in which hosts are worked on. Where each is derived from what the hosts do, they follow each other in any order. */
export const ROLLING_STATES = [
  'SCALE_IN',
  'PREPARE_MAINTENANCE',
  'START_MAINTENANCE',
  'PLANNED_MAINTENANCE',
] as const satisfies readonly SessionState[];

/** Whether a session whose states are derived may go from one to the other (v1 §2.1, §5.3). */
export function mayFollowDerived(from: SessionState, to: SessionState): boolean {
  const isRolling = (state: SessionState): boolean => (ROLLING_STATES as readonly SessionState[]).includes(state);
  return (
    (isRolling(to) && (isRolling(from) || from === 'MAINTENANCE')) || (isRolling(from) && to === 'MAINTENANCE_COMPLETE')
  );
}

/** Not DONE, not FAILED: holds claims on hosts and counts against max_sessions. */
export function isUnfinished(state: SessionState): boolean {
  return state !== 'MAINTENANCE_DONE' && state !== 'MAINTENANCE_FAILED';
}

/** States that a project may be told (v1 §2.2); existing managers fail on any other word. */
export const NOTICE_STATES = [
  'MAINTENANCE',
  'SCALE_IN',
  'PREPARE_MAINTENANCE',
  'PLANNED_MAINTENANCE',
  'INSTANCE_ACTION_DONE',
  'MAINTENANCE_COMPLETE',
  'INSTANCE_ACTION_FALLBACK',
  'INSTANCE_ACTION_FAILED',
] as const;
export type NoticeState = (typeof NOTICE_STATES)[number];

/** How far a host's own little life has come (design §5). */
export const HOST_STATES = ['waiting', 'emptying', 'empty', 'in_maintenance', 'done', 'failed', 'skipped'] as const;
export type HostState = (typeof HOST_STATES)[number];

export const HOST_TRANSITIONS: Readonly<Record<HostState, readonly HostState[]>> = {
  waiting: ['emptying', 'empty', 'skipped', 'failed', 'done'],
  emptying: ['empty', 'waiting', 'skipped', 'failed', 'done'],
  empty: ['in_maintenance', 'emptying', 'waiting', 'skipped', 'failed', 'done'],
  // waiting: its actions were undone
  in_maintenance: ['done', 'failed', 'skipped', 'waiting'],
  done: [],
  failed: ['waiting', 'in_maintenance', 'done', 'skipped'],
  skipped: ['waiting', 'done'],
};

/** Maintained, or given up: nothing more is done about the host unless an admin says so. */
export function isThrough(state: HostState): boolean {
  return state === 'done' || state === 'skipped' || state === 'failed';
}

export const HOST_TYPES = ['controller', 'compute', 'other'] as const;
export type HostType = (typeof HOST_TYPES)[number];

/** How an instance leaves its host, as projects are offered it; each is a plug-in of plugins/instance-actions. */
export const INSTANCE_ACTIONS = ['MIGRATE', 'LIVE_MIGRATE', 'OWN_ACTION'] as const;
export type InstanceAction = (typeof INSTANCE_ACTIONS)[number];

/** What MIGRATE and LIVE_MIGRATE mean where the admin's policy says so (v1 §5.1); plug-ins as well, never offered. */
export const STAND_IN_ACTIONS = ['EVACUATE', 'STOP_START'] as const;
export type MoveAction = InstanceAction | (typeof STAND_IN_ACTIONS)[number];

export const ACTION_TYPES = ['pre', 'host', 'post', 'compute', 'controller', 'other'] as const;
export type ActionType = (typeof ACTION_TYPES)[number];
