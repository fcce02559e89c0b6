import type { Server } from './cloud-port.js';

/** An instance group as the safety rules see it (v1 §4.1). */
export interface Group {
  readonly groupId: string;
  readonly maxImpacted: number;
  /** Seconds of domain time after an impact before its place counts as free. */
  readonly recoveryTimeS: number;
}

/**
 * The implicit group of instances without a group of their own: the project's instances of one flavor. Its id is
 * derived, so that every session and engine finds the same.
 */
export function implicitGroup(
  server: Pick<Server, 'projectId' | 'flavorName'>,
  settings: { readonly defaultMaxImpacted: number; readonly defaultRecoveryTimeS: number },
): Group {
  return {
    groupId: `${server.projectId}:${server.flavorName}`.slice(0, 255),
    maxImpacted: settings.defaultMaxImpacted,
    recoveryTimeS: settings.defaultRecoveryTimeS,
  };
}
