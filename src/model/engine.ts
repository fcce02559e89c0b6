/** The source of plug-ins that come with Fenix. */
export const SHIPPED = 'fenix';

/** A plug-in as an engine found it, registered in the database for the API to validate against (L1). */
export interface PluginInfo {
  readonly kind: 'workflow' | 'action' | 'instance-action';
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** JSON schema of the metadata it takes; absent = any object. */
  readonly metadataSchema?: Record<string, unknown>;
  readonly description?: string;
  /** Where it is from: {@link SHIPPED}, or the entry of `plugin_path`. */
  readonly source?: string;
  /** Which types an action serves; absent = all. */
  readonly types?: readonly string[];
}

/** An engine process; identity is host name plus a random part per process. */
export interface EngineRecord {
  readonly engineId: string;
  readonly host: string;
  readonly version: string;
  readonly plugins: readonly PluginInfo[];
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** Seen within the last lease time, by the database's clock. */
  readonly alive: boolean;
}
