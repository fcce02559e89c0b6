/** A package that is to get another version, or to come anew (`from` is null). */
export interface Change {
  readonly package: string;
  readonly from: string | null;
  readonly to: string;
}

export interface Plan {
  readonly changes: readonly Change[];
  /** Due, and held on the host. */
  readonly held: readonly string[];
}

/** What the upgrade asks of a host's package manager. All throw FenixError with a sentence that names the host. */
export interface PackageManager {
  /** Ends what an earlier run left half done. Waits for whoever holds the lock. @throws `package-lock`, `package-broken` */
  repair(): Promise<void>;
  /** Reads the repositories' lists anew. @throws `repository`, `package-lock` */
  refresh(): Promise<void>;
  plan(): Promise<Plan>;
  /** @throws `upgrade-failed`, `package-lock` */
  upgrade(plan: Plan): Promise<void>;
  /** Installed versions by name; what is not installed is not in it. */
  versions(packages: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** What is not as it should be, as a part of a sentence; undefined when nothing is. */
  broken(): Promise<string | undefined>;
  /** @throws `needs-restarting` when the host cannot say */
  rebootNeeded(): Promise<boolean>;
}
