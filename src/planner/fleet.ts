import type { Resources } from '../model/index.js';

/*
 * What the planner of a whole fleet is asked and what it answers (design §5). Plain data both ways, so that a plan can be
 * stored and repeated (L8); times are seconds since the epoch in domain time, durations are seconds.
 */

/** Everything a step of the plan is made from. */
export interface FleetSnapshot {
  readonly now: number;
  /** Hosts of the session, and others of the cloud that may receive. */
  readonly hosts: readonly FleetHost[];
  /** Groups of the instances that are on the session's hosts. */
  readonly groups: readonly FleetGroup[];
  readonly limits: FleetLimits;
  /** Instances of projects that can be asked to scale in; empty where nobody may be asked (any more). */
  readonly scaleIn: readonly ScaleInCandidate[];
  /**
   * Where no host is empty and none is maintained, some instances have to move twice. `one-host` (if absent): those of one
   * host, the fewest (L12). `first-wave`: of as many hosts as the free room of all adds up to; a session is then done in a
   * fraction of the time.
   */
  readonly secondMoves?: 'one-host' | 'first-wave';
}

export type FleetHostState =
  | 'waiting'
  | 'emptying'
  | 'empty'
  | 'in_maintenance'
  /** Maintained: may receive. */
  | 'done'
  /** Ended without: what is there stays, so nobody moves a second time from there; may receive where `receives`. */
  | 'lost'
  /** Not of this session: may receive. */
  | 'outside';

export interface FleetHost {
  readonly host: string;
  readonly state: FleetHostState;
  /** Availability zone; an instance never leaves its own. */
  readonly zone: string;
  /** What it is limited by together with others, e.g. aggregates (keys of `limits.perSet`). */
  readonly sets: readonly string[];
  /** What all its instances may take together, by inventory and allocation ratio. */
  readonly capacity: Resources;
  /** Capacity less what is there and what moves under way will bring; what asked instances will take is not counted. */
  readonly free: Resources;
  /** Enabled, up, and not excluded: Nova would let it receive. A waiting host of the session may well receive. */
  readonly receives: boolean;
  readonly down: boolean;
  /** Its actions take it out of the cloud for good: its room does not come back. Absent = no. */
  readonly leaves?: boolean;
  /** Computes are emptied; others (controllers) are maintained as they are. */
  readonly isCompute: boolean;
  /** How long its actions take: configured, then learned. */
  readonly actionS: number;
  /** Since when it is in its state. */
  readonly since: number;
  /** Instances that are there (also while they leave). Empty for hosts that are done, lost or outside. */
  readonly instances: readonly FleetInstance[];
  /** Members of groups with a limit per host that are there or coming, by group. */
  readonly members: Readonly<Record<string, number>>;
}

export interface FleetInstance {
  readonly instanceId: string;
  readonly resources: Resources;
  readonly groupId: string;
  /**
   * `place`: Fenix names a target. `own`: its project moves it, wherever to. `stays`: it is stopped while its host is out.
   * `never`: nothing leads off the host.
   */
  readonly way: 'place' | 'own' | 'stays' | 'never';
  /**
   * `resting`: nobody was told. `asked`: its notice is open. `acked`: it may begin now. `moving`: on its way, or being
   * stopped. `gone`: stopped, or what was to happen has happened.
   */
  readonly phase: 'resting' | 'asked' | 'acked' | 'moving' | 'gone';
  /** Where it is to go, or goes; null where that is not decided or not ours to decide. In `resting`: held for it already. */
  readonly target: string | null;
  /** In `asked`: when its move may begin without an answer (actions_at); in `moving`: when it began. */
  readonly at: number | null;
  /** From notice to answer: learned, else the lead time. */
  readonly answerS: number;
  /** An undisturbed move: learned, else configured. */
  readonly moveS: number;
  /** Room for one more of its kind is wanted from notice to the end of the move (V6). */
  readonly keepsRoom: boolean;
  /** Hosts that refused it. */
  readonly refusedBy: readonly string[];
}

/** V1, V2 and V4 of one group, over all sessions. */
export interface FleetGroup {
  readonly groupId: string;
  /** Members that may be impacted at a time. 0: none by us. */
  readonly maxImpacted: number;
  /** Members on one host; 0 = no limit. */
  readonly maxPerHost: number;
  readonly recoveryS: number;
  /** Impacts that count now, of all sessions, one for each impacted member; `until` is null while it is under way. */
  readonly impacts: readonly { readonly instanceId: string; readonly until: number | null }[];
}

/** At a time; Infinity = no limit. */
export interface FleetLimits {
  /** Hosts that are emptying, empty or in maintenance. */
  readonly hosts: number;
  readonly migrations: number;
  readonly perSource: number;
  readonly perTarget: number;
  /** Hosts as above within a zone or an aggregate, by the names in `sets`. */
  readonly perSet: Readonly<Record<string, number>>;
  /** Hosts that are not computes, in maintenance at a time. */
  readonly controllers: number;
}

export interface ScaleInCandidate {
  readonly projectId: string;
  readonly host: string;
  readonly zone: string;
  readonly instanceId: string;
  readonly groupId: string;
  readonly resources: Resources;
  /** Members of the group that the project may lose without falling below its preserved minimum. */
  readonly spare: number;
}

/** What is to be done now. Everything that is not named waits, and `waits` says why. */
export interface FleetPlan {
  /** Hosts to begin emptying, in order: they are disabled and receive nothing from then on. */
  readonly empty: readonly string[];
  /** Instances whose projects are to be told now, each with the place that is reserved and when it is expected. */
  readonly ask: readonly { readonly instanceId: string; readonly target: string | null; readonly expectedAt: number }[];
  /** Acknowledged instances that begin now; `target` may differ from the one that was reserved. */
  readonly move: readonly { readonly instanceId: string; readonly target: string | null }[];
  /** Empty hosts (and such as need not be emptied) whose actions may begin now. */
  readonly maintain: readonly string[];
  /** The smallest sufficient set, only where no plan without it exists (V5); by project. */
  readonly scaleIn: readonly { readonly projectId: string; readonly instanceIds: readonly string[] }[];
  readonly waits: readonly FleetWait[];
  /** Instances told or under way that want room for one more of their kind (V6), and for which there is none. */
  readonly unkept?: readonly string[];
  /** Nothing of this can ever go on by itself: no room, and nobody to be asked. */
  readonly stuck?: string;
}

export type FleetReason =
  | 'no-room'
  | 'no-room-yet'
  | 'anti-affinity'
  | 'group-limit'
  | 'recovery-time'
  | 'group-never'
  | 'host-limit'
  | 'set-limit'
  | 'migration-limit'
  | 'source-limit'
  | 'target-limit'
  | 'controllers-first'
  | 'order'
  | 'answer'
  | 'immovable'
  | 'refused-everywhere'
  | 'down';

/** Reasons that say no more than that others come first: why these do not get on is what holds all of them. */
export const CONSEQUENCES: ReadonlySet<string> = new Set<FleetReason>([
  'order',
  'no-room-yet',
  'controllers-first',
  'answer',
  'host-limit',
  'set-limit',
]);

/** Why a host or an instance is not gone on with. */
export interface FleetWait {
  readonly host: string;
  /** Absent where it is the host itself. */
  readonly instanceId?: string;
  readonly because: FleetReason;
  /** A sentence that names what binds. */
  readonly message: string;
  /** A sentence that says what would lift it. */
  readonly lifts: string;
  /** When it is expected to be lifted, where that is known. */
  readonly until?: number;
}
