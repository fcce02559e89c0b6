/**
 * Where a project answers (v1 endpoints 7 and 8). `publicUrl` is the configured public address up to and including
 * `/v1`, with IPv6 literals in brackets; it is taken as it stands.
 */
export function projectUrl(publicUrl: string, sessionId: string, projectId: string): string {
  const base = publicUrl.replace(/\/+$/, '');
  return `${base}/maintenance/${encodeURIComponent(sessionId)}/${encodeURIComponent(projectId)}`;
}

/** Where a project answers for one instance (v1 endpoint 9). */
export function instanceUrl(publicUrl: string, sessionId: string, projectId: string, instanceId: string): string {
  return `${projectUrl(publicUrl, sessionId, projectId)}/${encodeURIComponent(instanceId)}`;
}
