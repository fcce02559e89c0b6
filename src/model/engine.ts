/** The source of plug-ins that come with Fenix. */
export const SHIPPED = 'fenix';

/** A plug-in as an engine found it, registered in the database for the API to validate against (L1). */
export interface PluginInfo {
  readonly kind: 'workflow' | 'action' | 'instance-action';
  readonly name: string;
  readonly version: string;
  /** SHA-256, hex, of its module and of what that imports within its own package or directory. */
  readonly digest: string;
  /** JSON schema of the metadata it takes; absent = any object. */
  readonly metadataSchema?: Record<string, unknown>;
  readonly description?: string;
  /** Where it is from: {@link SHIPPED}, or the entry of `plugin_path`. */
  readonly source?: string;
  /** Which types an action serves; absent = all. */
  readonly types?: readonly string[];
  /** Version of the contract that it was written for. Absent, as is what follows, where an older engine registered it. */
  readonly contract?: number;
  /** Of an action: domain seconds that a run may take; absent = the engine's default. */
  readonly timeoutS?: number;
  /** Of an action: tries in all, domain seconds between; absent = the engine's default. */
  readonly retry?: { readonly attempts: number; readonly waitS: number };
  /** Of an action: what it can be asked for: run, check, probe, verify, undo, release. */
  readonly methods?: readonly string[];
  /** Of an action: whether each run has a process of its own. */
  readonly isolated?: boolean;
}

/** What an engine found on its search path and can't use. */
export interface BrokenPlugin {
  /** The entry of `plugin_path`. */
  readonly source: string;
  /** The module; null when the entry itself leads nowhere. */
  readonly file: string | null;
  /** What is wrong with it, a sentence. */
  readonly reason: string;
}

/** An engine process; identity is host name plus a random part per process. */
export interface EngineRecord {
  readonly engineId: string;
  readonly host: string;
  readonly version: string;
  readonly plugins: readonly PluginInfo[];
  /** Passed over because `[plugins] on_error` says so; null where an older engine registered. */
  readonly brokenPlugins: readonly BrokenPlugin[] | null;
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** Seen within the last lease time, by the database's clock. */
  readonly alive: boolean;
}
