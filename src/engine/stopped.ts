import { type Impact, isOwedStart, type JournalEntry, type SessionHost } from '../model/index.js';
import type { Server } from '../workflow/cloud-port.js';
import { isTooSoon } from '../workflow/trying-again.js';
import type { ClosingWait } from './closing.js';
import type { SessionContext } from './context.js';
import { beginStart } from './effects/start.js';

/** How often a start is tried at a session's end, with longer and longer pauses, before the instance is left to people. */
const MOST_TRIES = 5;

/**
 * Starts what is stopped on hosts that are given back (L6); on a host that stays broken it stays stopped until somebody
 * decides about the host.
 * @param isLeftBroken whether a host stays disabled at the session's end
 * @returns what is waited for; undefined once nothing is to be started any more
 */
export async function startBeforeClosing(
  context: SessionContext,
  journal: readonly JournalEntry[],
  hosts: readonly SessionHost[],
  isLeftBroken: (host: SessionHost) => boolean,
): Promise<ClosingWait | undefined> {
  const givenBack = hosts.filter((host) => !isLeftBroken(host)).map(({ hostname }) => hostname);
  const owed = (await owedBy(context)).filter(({ sourceHost }) => givenBack.includes(sourceHost));
  const left = owed.filter((impact) => triesOf(journal, impact).length < MOST_TRIES);
  if (left.length === 0) return undefined;
  for (const impact of left.filter((one) => !isTooSoon(triesOf(journal, one)))) {
    context.effects.start(await context.writer.commit((unit) => beginStart(context, unit, impact)));
  }
  const names = left.map(({ instanceId }) => instanceId).join(', ');
  return { for: 'starts', message: `Ending: starting what was stopped while its host was out: ${names}.` };
}

/** Instances that stay stopped although the session ends, for its history. */
export async function leftStopped(context: SessionContext): Promise<{ instance: string; host: string }[]> {
  return (await owedBy(context)).map(({ instanceId, sourceHost }) => ({ instance: instanceId, host: sourceHost }));
}

/** Of the session, and of earlier ones on hosts that it has now. */
async function owedBy({ repositories, sessionId }: SessionContext): Promise<Impact[]> {
  const open = (await repositories.impacts.open()).filter(isOwedStart);
  const owners = await Promise.all(open.map(({ sourceHost }) => repositories.claims.ownerOf(sourceHost)));
  return open.filter((impact, index) => impact.sessionId === sessionId || owners[index] === sessionId);
}

function triesOf(journal: readonly JournalEntry[], { instanceId, sessionId, attempt }: Impact): JournalEntry[] {
  return journal.filter(
    ({ kind, subject, intent }) =>
      kind === 'start' && subject === instanceId && intent.stoppedBy === sessionId && intent.stopAttempt === attempt,
  );
}

/**
 * What an earlier session left stopped and somebody else has started, moved or deleted since is nobody's impact any
 * more, and would only keep its group from moving.
 */
export async function settleLeftStops(
  { repositories, writer, sessionId }: SessionContext,
  impacts: readonly Impact[],
  servers: readonly Server[],
): Promise<readonly Impact[]> {
  const isAsLeft = ({ instanceId, sourceHost }: Impact): boolean =>
    servers.some(({ id, host, status }) => id === instanceId && host === sourceHost && status === 'SHUTOFF');
  const settled: Impact[] = [];
  for (const impact of impacts) {
    if (!isOwedStart(impact) || impact.sessionId === sessionId || isAsLeft(impact)) continue;
    if ((await repositories.sessions.isClosed(impact.sessionId)) !== false) settled.push(impact);
  }
  if (settled.length === 0) return impacts;
  await writer.commit(async ({ tx, now }) => {
    for (const impact of settled) await repositories.impacts.end(impact, now, now, tx);
  });
  return impacts.filter((impact) => !settled.includes(impact));
}
