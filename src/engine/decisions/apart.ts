import { FenixError } from '../../common/errors.js';
import type { Decision } from '../../workflow/decisions.js';
import type { SessionView } from '../../workflow/view.js';
import type { SessionContext } from '../context.js';
import { apply, type NotYet } from './apply.js';

/** Decisions of which a large cloud has many at a time. Each is about one instance, so they go side by side. */
const SIDE_BY_SIDE: ReadonlySet<Decision['kind']> = new Set(['close-notice', 'open-notice', 'move-instance']);
/** So many at a time: they share transactions, and Placement is asked about all of them at once. */
const MOST_AT_ONCE = 16;

export interface Refusal {
  readonly decision: Decision;
  readonly notYet: NotYet;
}

export interface Applied {
  /** How many decisions were carried out. */
  readonly done: number;
  readonly refusals: readonly Refusal[];
}

/** As {@link apply}; the loser of a race with another session or engine reads again and plans again. */
export async function attempt(
  session: SessionContext,
  view: SessionView,
  decision: Decision,
): Promise<NotYet | undefined> {
  try {
    return await apply(session, view, decision);
  } catch (error) {
    if (error instanceof FenixError && error.code === 'guard-moved') return { for: 'race', message: error.message };
    throw error;
  }
}

/**
 * Carries lists of decisions out, each up to the first that is refused. Those next to each other of which each is about
 * one instance go side by side, the others one after the other.
 * @throws whatever the first one that failed throws, after those that were begun with it have ended
 */
export async function applyApart(
  apart: readonly (readonly Decision[])[],
  carryOut: (decision: Decision) => Promise<NotYet | undefined>,
): Promise<Applied> {
  const refusals: Refusal[] = [];
  let done = 0;
  const inOrder = async (decisions: readonly Decision[]): Promise<Refusal | undefined> => {
    for (const decision of decisions) {
      const notYet = await carryOut(decision);
      if (notYet !== undefined) return { decision, notYet };
      done += 1;
    }
    return undefined;
  };
  for (const lists of runsOf(apart)) {
    for (const ended of await Promise.allSettled(lists.map(inOrder))) {
      if (ended.status === 'rejected') throw ended.reason;
      if (ended.value !== undefined) refusals.push(ended.value);
    }
  }
  return { done, refusals };
}

/** Lists that go side by side, in their order. */
function runsOf(apart: readonly (readonly Decision[])[]): (readonly Decision[])[][] {
  const runs: (readonly Decision[])[][] = [];
  let kind: Decision['kind'] | undefined;
  for (const decisions of apart) {
    const [first] = decisions;
    const wanted = decisions.length === 1 && first && SIDE_BY_SIDE.has(first.kind) ? first.kind : undefined;
    const last = runs.at(-1);
    if (last !== undefined && wanted !== undefined && wanted === kind && last.length < MOST_AT_ONCE)
      last.push(decisions);
    else runs.push([decisions]);
    kind = wanted;
  }
  return runs;
}
