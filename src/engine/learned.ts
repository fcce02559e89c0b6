import { plusSeconds } from '../common/clock.js';
import type { Repositories } from '../db/repositories.js';
import type { LearnedDurations } from '../workflow/view.js';
import type { SessionContext } from './context.js';

/** What is learned from: enough for a median, and what changes in the course of a session is seen soon. */
const MOST = 50;

/** What is known is good for so long, domain seconds: medians change slowly, and they are asked for with every plan. */
const KEPT_S = 30;

/** How long things took in the session so far, read anew now and then. */
export class LearnedWatch {
  private known: { readonly at: Date; readonly durations: LearnedDurations } | undefined;

  constructor(private readonly session: Pick<SessionContext, 'repositories' | 'sessionId' | 'clock'>) {}

  async read(): Promise<LearnedDurations> {
    const { repositories, sessionId, clock } = this.session;
    const now = clock.now();
    if (this.known === undefined || now >= plusSeconds(this.known.at, KEPT_S)) {
      this.known = { at: now, durations: await learnedDurations(repositories, sessionId) };
    }
    return this.known.durations;
  }
}

async function learnedDurations(
  { impacts, notices, pluginRuns }: Repositories,
  sessionId: string,
): Promise<LearnedDurations> {
  const [ended, acknowledged, maintained] = await Promise.all([
    impacts.lastEnded(sessionId, MOST),
    notices.lastAcknowledged(sessionId, MOST),
    pluginRuns.lastMaintained(sessionId, MOST),
  ]);
  const actions = maintained.map(({ startedAt, endedAt }) => secondsBetween(startedAt, endedAt));
  return {
    moves: mediansBy(ended.map(({ action, startedAt, endedAt }) => [action, secondsBetween(startedAt, endedAt)])),
    answers: mediansBy(
      acknowledged.map(({ projectId, openedAt, closedAt }) => [projectId, secondsBetween(openedAt, closedAt)]),
    ),
    ...(actions.length > 0 && { actions: median(actions) }),
  };
}

function mediansBy(pairs: readonly (readonly [string, number])[]): Map<string, number> {
  const lists = new Map<string, number[]>();
  for (const [key, seconds] of pairs) lists.set(key, [...(lists.get(key) ?? []), seconds]);
  return new Map([...lists].map(([key, list]) => [key, median(list)]));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

function secondsBetween(from: Date, to: Date | null): number {
  return to === null ? 0 : (to.getTime() - from.getTime()) / 1000;
}
