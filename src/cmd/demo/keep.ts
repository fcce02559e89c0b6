import { fileURLToPath } from 'node:url';
import type { DemoSystem } from './system.js';

const CLIENT = fileURLToPath(new URL('../client.js', import.meta.url));

/** Tells where everything is and what to try there; resolves when `stopping` aborts. */
export async function keepUp(
  cloud: DemoSystem,
  sessionId: string,
  out: { write(text: string): unknown },
  stopping: AbortSignal,
): Promise<void> {
  if (stopping.aborted) return;
  const stopped = new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }));
  out.write(`\n${(await introduction(cloud, sessionId)).join('\n')}\n`);
  await stopped;
}

async function introduction({ apiUrl, simulator, admin }: DemoSystem, sessionId: string): Promise<string[]> {
  const token = await admin.authToken();
  const curl = (path: string, more = ''): string => `curl -s -H "X-Auth-Token: ${token}" ${apiUrl}${path}${more}`;
  // What has passed already begins as soon as all projects have answered.
  const now = new Date().toISOString().slice(0, 19).replace('T', ' ');
  const request = { maintenance_at: now, actions: [{ plugin: 'noop', type: 'host', metadata: { duration: 60 } }] };
  return [
    'Everything is still up. Ctrl-C ends it.',
    `  API       ${apiUrl}`,
    `  Keystone  ${simulator.authUrl}   (admin / admin, project admin)`,
    `  cloud     ${simulator.url}`,
    '',
    "# the command line, as the cloud's admin; docs/cli.md has more",
    `export OS_AUTH_URL=${simulator.authUrl} OS_USERNAME=admin OS_PASSWORD=admin OS_PROJECT_NAME=admin`,
    `alias fenix='node ${CLIENT}'`,
    'fenix session list',
    `fenix session detail ${sessionId}`,
    'fenix session create --at now --action host:noop:duration=60',
    'fenix session watch ID    # of the one that was just made',
    '',
    '# the same by HTTP: all sessions',
    curl('/maintenance'),
    '# the session that just ran: in short, everything, without it',
    curl(`/maintenance/${sessionId}`),
    curl(`/maintenance/${sessionId}/detail`),
    curl(`/maintenance/${sessionId}`, ' -X DELETE'),
    '# another session; look at it as above, with the id that this answers',
    curl('/maintenance', ` -d '${JSON.stringify(request)}'`),
  ];
}
