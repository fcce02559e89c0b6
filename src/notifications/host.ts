/** To admin and services: a host goes into maintenance, came out of it, joined or left the cloud (v1 §3.3). */
export const HOST_EVENT = 'maintenance.host';

export type HostEventState = 'IN_MAINTENANCE' | 'MAINTENANCE_COMPLETE' | 'HOST_ADDED' | 'HOST_REMOVED';

export type HostPayload = {
  readonly service: 'fenix';
  readonly host: string;
  readonly state: HostEventState;
  readonly session_id: string;
  /** The admin project. */
  readonly project_id: string;
};

export interface HostSource {
  readonly sessionId: string;
  readonly hostname: string;
  readonly state: HostEventState;
  /** Id, never name. */
  readonly adminProjectId: string;
}

export function hostPayload({ sessionId, hostname, state, adminProjectId }: HostSource): HostPayload {
  return { service: 'fenix', host: hostname, state, session_id: sessionId, project_id: adminProjectId };
}
