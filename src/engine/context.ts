import type { Clock, MachineClock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import type { Repositories } from '../db/repositories.js';
import type { SessionDownloader } from '../downloads/downloads.js';
import type { Planner } from '../planner/planner.js';
import type { ActionTools } from '../workflow/action-tools.js';
import type { CloudPort } from '../workflow/cloud-port.js';
import type { WorkflowStyle } from '../workflow/contract.js';
import type { PluginProcesses } from '../workflow/isolation/plugin-processes.js';
import type { PluginRegistry } from '../workflow/registry.js';
import type { WorkflowSettings } from '../workflow/view.js';
import type { CloudWatch } from './cloud-watch.js';
import type { Effects } from './effects/effects.js';
import type { Journal } from './journal.js';
import type { LeaseGuard } from './lease-guard.js';
import type { SessionWriter } from './session-writer.js';

/** What all sessions of an engine share. */
export interface EngineParts {
  readonly repositories: Repositories;
  readonly cloud: CloudPort;
  readonly watch: CloudWatch;
  readonly clock: Clock;
  readonly machine: MachineClock;
  readonly planner: Planner;
  readonly plugins: PluginRegistry;
  /** What action plug-ins work with. */
  readonly tools: ActionTools;
  readonly downloads: SessionDownloader;
  /** Where plug-ins of others run; absent: in the engine's own process. */
  readonly processes?: PluginProcesses;
  readonly settings: EngineSettings;
  readonly log: Logger;
}

export interface EngineSettings extends WorkflowSettings {
  /** The address that projects and admins use, up to and including /v1. */
  readonly publicUrl: string;
  /** Machine seconds after which a request to the cloud that got no answer is no longer under way. */
  readonly requestTimeoutS: number;
  /** Domain seconds between two looks at the cloud while something is awaited there. */
  readonly cloudPollS: number;
  /** For plug-ins that declare none: tries in all, domain seconds between. */
  readonly pluginRetry: { readonly attempts: number; readonly waitS: number };
  /** Domain seconds between two looks at what a running plug-in says. */
  readonly pluginOutputIntervalS: number;
  readonly leaseS: number;
  readonly heartbeatS: number;
  /** Machine seconds without a sign of life of the main thread after which its lease is not renewed any more. */
  readonly hungS: number;
  readonly sweepS: number;
  /** Machine milliseconds that a session waits at most for more to come in after a turn that took long. */
  readonly turnPaceMs: number;
  /** Plans of all hosts that are kept of each session, the last ones; 0 = none. */
  readonly keptPlans: number;
}

/** One owned session and everything that works on it. */
export interface SessionContext extends EngineParts {
  readonly sessionId: string;
  readonly style: WorkflowStyle;
  /** The engine's, and those that the session downloads once they are there. */
  readonly plugins: PluginRegistry;
  /** Directory of what the session downloads; null if it downloads nothing. */
  readonly filesAt: string | null;
  /** Whom maintenance.host and maintenance.session are addressed to. */
  readonly adminProjectId: string;
  readonly writer: SessionWriter;
  readonly journal: Journal;
  readonly guard: LeaseGuard;
  readonly effects: Effects;
  /** Aborted once an admin wants moves in flight taken back. */
  readonly takeBack: AbortController;
  /** Aborts when the session is let go: nothing new begins, waits end, requests under way may finish. */
  readonly stopping: AbortSignal;
}
