import type { FenixClient } from '../../client/index.js';
import type { Clock } from '../../common/clock.js';
import type { Database } from '../../db/database.js';
import type { KeystoneSession } from '../../keystone-auth-middleware/index.js';
import type { Simulator } from '../../simulator/index.js';

/** A simulated cloud with all of Fenix running against it, in whatever processes. */
export interface DemoSystem {
  readonly simulator: Simulator;
  /** Ends in /v1. */
  readonly apiUrl: string;
  /** As admin of the simulated cloud. */
  readonly admin: KeystoneSession;
  readonly client: FenixClient;
  readonly database: Database;
}

/** One that is up. */
export interface RunningDemo {
  readonly system: DemoSystem;
  /** Domain time of everything. */
  readonly clock: Clock;
  /** Domain seconds per second, at most. */
  readonly speed: number;
  /** Rejects when a part has ended by itself; never resolves. */
  readonly broken: Promise<never>;
  stop(): Promise<void>;
}
