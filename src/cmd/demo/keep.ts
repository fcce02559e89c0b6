import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatDuration } from '../../cli/duration.js';
import type { Clock } from '../../common/clock.js';
import { quoted } from '../../remote/quoting.js';
import type { DemoSystem, RunningDemo } from './system.js';

const CLIENT = fileURLToPath(new URL('../client.js', import.meta.url));

/**
 * Tells what to try in another terminal, and how the demo's time relates to that of the machine; resolves when `stopping`
 * aborts.
 * @param directory where the file goes that a shell reads for it; nobody else may look into it
 */
export async function keepUp(
  demo: Pick<RunningDemo, 'system' | 'clock' | 'speed'>,
  sessionId: string,
  directory: string,
  out: { write(text: string): unknown },
  stopping: AbortSignal,
): Promise<void> {
  if (stopping.aborted) return;
  const stopped = new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }));
  const file = join(directory, 'openrc');
  writeFileSync(file, await environment(demo.system), { mode: 0o600 });
  out.write(`\n${introduction(demo, sessionId, file).join('\n')}\n`);
  await stopped;
}

/** What the commands need, so that none of them is longer than a line of a terminal. */
async function environment({ apiUrl, simulator, admin }: DemoSystem): Promise<string> {
  return [
    `export OS_AUTH_URL=${simulator.authUrl} OS_USERNAME=admin OS_PASSWORD=admin OS_PROJECT_NAME=admin`,
    `export FENIX=${apiUrl.replace(/\/v1$/, '')} TOKEN=${await admin.authToken()}`,
    `fenix() { ${quoted(process.execPath)} ${quoted(CLIENT)} "$@"; }`,
    '',
  ].join('\n');
}

/** Fits a terminal of 80 columns and 24 lines, with a line to spare for the cursor. */
function introduction(
  { system, clock, speed }: Parameters<typeof keepUp>[0],
  sessionId: string,
  file: string,
): string[] {
  const { apiUrl, simulator } = system;
  return [
    'Everything is still up, until Ctrl-C. Try in another terminal:',
    '',
    '# who, where, and the command fenix (docs/cli.md)',
    `. ${file}`,
    'fenix session list',
    `fenix session detail ${sessionId}`,
    'fenix session create --at now --action host:noop:duration=60',
    'fenix session watch ID    # of the one that was just made',
    '# the same by HTTP (docs/first-session.md); the token is good for an hour',
    'curl -s -H "X-Auth-Token: $TOKEN" $FENIX/v1/maintenance',
    '',
    `API       ${apiUrl}`,
    `Keystone  ${simulator.authUrl}   (admin / admin, project admin)`,
    `Cloud     ${simulator.url}   (Nova, Placement, Aodh)`,
    '',
    ...clockLines(clock, speed),
  ];
}

function clockLines(clock: Clock, speed: number): string[] {
  const now = clock.now();
  const aheadS = Math.round((now.getTime() - Date.now()) / 1000);
  const apart = aheadS < 0 ? `${formatDuration(-aheadS)} behind` : `${formatDuration(aheadS)} ahead of`;
  return [
    `Its clock shows ${now.toISOString().slice(0, 19).replace('T', ' ')} UTC, ${apart} this machine's,`,
    `and goes up to ${speed} times as fast: a minute there takes ${formatDuration(60 / speed)} here, or longer.`,
    'All times that Fenix shows are of that clock. --at now means at once; --at +2h',
    "counts from this machine's time.",
  ];
}
