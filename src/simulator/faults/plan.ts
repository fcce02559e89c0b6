/** Services by the names of their paths. */
export type FaultyService = 'identity' | 'compute' | 'placement' | 'alarming' | 'instance-ha';

/** What may happen to a call of a service. The first fault of the list that hits is the one. */
export interface HttpFault {
  /** Default: any. */
  readonly service?: FaultyService;
  /** `reads`: GET and HEAD; `writes`: the rest; default both. */
  readonly calls?: 'reads' | 'writes';
  /** Regular expression over the path with query, e.g. `/action$`; default any. */
  readonly path?: string;
  /** Of the calls that fit, how many are hit: 0 to 1. */
  readonly rate: number;
  /**
   * `status`: answered so, nothing was done; `reset`: the connection breaks before anything was done; `reset-after`: it
   * was done, then the connection breaks; `slow`: begun and answered late; `late`: done at once, answered late.
   */
  readonly kind: 'status' | 'reset' | 'reset-after' | 'slow' | 'late';
  /** With `status`, default 503. */
  readonly status?: 409 | 429 | 500 | 502 | 503 | 504;
  /** With `status`: seconds of a Retry-After header. */
  readonly retryAfter?: number;
  /** With `slow` and `late`: machine milliseconds, since a request under way keeps a stepped clock standing; default 50. */
  readonly delayMs?: number;
  /** Default `service`: the calls of the service under test only, so that the fault is not in its managers. */
  readonly whose?: 'service' | 'everybody';
}

/** How many moves of others than the owner go wrong, each 0 to 1; together at most 1. */
export interface MoveFaults {
  /** It breaks off half-way, and the instance is on its source as before. */
  readonly fail?: number;
  /** It breaks off half-way, and the instance is in ERROR on its source. */
  readonly error?: number;
  /** It never ends. */
  readonly stuck?: number;
  /** It ends on another host than the one that was named. */
  readonly elsewhere?: number;
}

/** Faults by rate. The same seed gives the same fate to the nth call of a path, and to the nth move of an instance. */
export interface FaultPlan {
  readonly seed?: number;
  readonly http?: readonly HttpFault[];
  readonly moves?: MoveFaults;
  /** How many of Aodh's POSTs to managers are lost: 0 to 1. */
  readonly lostAlarms?: number;
}
