export type ManagerAction = 'MIGRATE' | 'LIVE_MIGRATE' | 'OWN_ACTION';

/** How reference managers may behave: each is one habit away from `reference`. `none`: a project without a manager. */
export const DIALECTS = [
  'reference',
  'url',
  'list',
  'wary',
  'slow',
  'silent',
  'refusing',
  'deferring',
  'retiring',
  'reinstantiating',
  'upgrading',
  'scaling',
  'greedy',
  'none',
] as const;
export type Dialect = (typeof DIALECTS)[number];

/** States in which a manager is asked. */
export const ASKED_STATES = [
  'MAINTENANCE',
  'SCALE_IN',
  'PREPARE_MAINTENANCE',
  'PLANNED_MAINTENANCE',
  'MAINTENANCE_COMPLETE',
] as const;
export type AskedState = (typeof ASKED_STATES)[number];

/** Habits of a project manager, in a topology file (`projects[].manager`) or by code. */
export interface ManagerOptions {
  /** Default `reference`. */
  readonly dialect?: Dialect;
  /** Domain seconds between a notice and its answer, default 1; of a `slow` one 90, of a `scaling` one in SCALE_IN 180. */
  readonly answerAfter?: number;
  /** How its instances shall leave their host, default MIGRATE. */
  readonly action?: ManagerAction;
  /** Instances that it deletes for a SCALE_IN that does not say how many, default 1. */
  readonly scaleInBy?: number;
  /** Active members of each part of its application, default 1. */
  readonly needed?: number;
  /** Whether it tells its constraints (PUT of instances and groups) when it starts, and keeps them up to date. */
  readonly constraints?: boolean;
  /** Whether those ask for room for one more of each while it is impacted, default no. */
  readonly mitigation?: boolean;
  /** States that its groups opt in to; it only takes note of them. */
  readonly notifyStates?: readonly string[];
  /** fnmatch pattern of its alarm, default `maintenance.scheduled`. */
  readonly eventType?: string;
  /** In which state a `refusing` or `retiring` one does so; default PLANNED_MAINTENANCE. */
  readonly inState?: AskedState;
  /** Domain seconds for which it sends an answer again while the service cannot be reached, or says 5xx; default 0. */
  readonly patienceS?: number;
  /** By how much a `deferring` one puts off, default 30. */
  readonly deferSeconds?: number;
}
