import { plusSeconds } from '../../common/clock.js';
import { CONSEQUENCES } from '../../planner/fleet.js';
import type { Step, WaitFor } from '../decisions.js';
import type { SessionView } from '../view.js';
import { deadline } from '../waits.js';
import type { Gathered } from './gathered.js';

type Wait = WaitFor['wait'];

/** After so long at the latest it is looked again, where moves keep their own time. */
const LOOK_AGAIN_S = 60;
/** What the session as a whole waits for, the first that is there; then whatever else is. */
const FIRST = ['question', 'replies', 'delivery', 'moves', 'plug-in', 'service'];

/**
 * Nothing can be done now: what the session waits for, with each host's and instance's own reason. It ends with the first
 * of all waits; one for a rule that nothing of ours will lift ends the session when it has lasted too long (v1 §7
 * `blocked_timeout`).
 */
export function waitForAll(view: SessionView, gathered: Gathered): Step {
  const { held } = gathered;
  const waits = [...answers(view), ...moves(view), ...gathered.waits];
  const rank = ({ for: word }: Wait): number => (FIRST.includes(word) ? FIRST.indexOf(word) : FIRST.length);
  const [main] = [...waits].sort((a, b) => rank(a) - rank(b));
  if (main === undefined) return { wait: { ...blocked(view, gathered), held, poll: true } };
  const times = [...waits, ...held].map(({ until }) => until).filter((until) => until > view.now);
  const until = times.reduce((a, b) => (a < b ? a : b), main.until);
  return {
    wait: { for: main.for, message: main.message, until, held, poll: main.for !== 'question' || waits.length > 1 },
  };
}

/** Of all notices that are open. */
function answers(view: SessionView): Wait[] {
  const open = view.notices.filter(({ closedAt, replyAt }) => closedAt === null && replyAt !== null);
  if (open.length === 0) return [];
  const projects = [...new Set(open.map(({ projectId }) => projectId))].sort();
  const what = [...new Set(open.map(({ state }) => state))].join(' and ');
  const due = open.flatMap(({ replyAt }) => (replyAt === null ? [] : [replyAt]));
  const until = due.reduce((a, b) => (a < b ? a : b));
  if (until > view.now) {
    const message = `Waiting for ${open.length} answer(s) to ${what} of project(s) ${projects.join(', ')}.`;
    return [{ for: 'replies', message, until }];
  }
  const message = `Notifications cannot be delivered, so the silence of ${projects.join(', ')} means nothing yet.`;
  return [{ for: 'delivery', message, until: deadline(view, 'delivery', view.settings.blockedTimeoutS) }];
}

/** Each keeps its own time. */
function moves(view: SessionView): Wait[] {
  const begun = view.effects.filter(({ kind, state }) => kind === 'move' && state === 'begun');
  if (begun.length === 0) return [];
  const hosts = new Set(begun.map(({ intent }) => String(intent.from)));
  const until = plusSeconds(view.now, LOOK_AGAIN_S);
  return [{ for: 'moves', message: `Waiting for ${begun.length} instance(s) to leave ${hosts.size} host(s).`, until }];
}

/** Only somebody else, or time, can lift it. */
function blocked(view: SessionView, { held }: Gathered): Wait {
  const [soonest] = held.filter(({ because }) => because === 'recovery-time').sort((a, b) => +a.until - +b.until);
  if (soonest !== undefined) {
    const { because, message, until } = soonest;
    return { for: because, message, until: until > view.now ? until : plusSeconds(view.now, 1) };
  }
  // Whoever is waited for by others has the reason that counts.
  const root = held.find(({ because }) => !CONSEQUENCES.has(because)) ?? held[0];
  const message = root?.message ?? 'There is nothing that can be done now.';
  return { for: 'constraints', message, until: deadline(view, 'constraints', view.settings.blockedTimeoutS) };
}
