import type { BlockedDetail, HistoryLine, SessionDetail } from '../../client/index.js';
import { isThrough } from '../../model/index.js';
import { formatDuration } from '../duration.js';
import type { Section, SessionStatus } from '../session-status.js';
import { statusOf, timeOf } from '../status-of.js';
import { eventText } from './event-text.js';

const ASKED_SHOWN = 4;
const MOVES_SHOWN = 4;
const HELD_SHOWN = 5;
const NEWS_SHOWN = 4;

/** What the lines of a session's history tell beyond its detail: when work began, where moves go to, what was last. */
export class Story {
  private readonly targets = new Map<string, string>();
  private readonly lines: HistoryLine[] = [];
  startedAt: Date | undefined;
  /** When the first host was begun with. */
  rollingSince: Date | undefined;
  /** Time of the last line: it is not earlier than that in the cloud. */
  latest: Date | undefined;

  add(line: HistoryLine): void {
    const at = timeOf(line.at);
    this.startedAt ??= at;
    this.latest = at;
    if (line.what === 'host' && line.from === 'waiting') this.rollingSince ??= at;
    if (line.what === 'effect-begun' && typeof line.target === 'string') {
      this.targets.set(String(line.subject), line.target);
    }
    this.lines.push(line);
    if (this.lines.length > NEWS_SHOWN) this.lines.shift();
  }

  targetOf(instanceId: string): string | undefined {
    return this.targets.get(instanceId);
  }

  news(): string[] {
    return this.lines.map((line) => `${line.at.slice(11)} ${line.what} ${eventText(line)}`);
  }
}

/**
 * The picture of a session for a terminal: hosts, moves, who is waited for and why, how long it will take.
 * @param note what is wrong with the connection, if anything is
 */
export function pictureOf(detail: SessionDetail, story: Story, now: Date, note: string | undefined): SessionStatus {
  const remaining = remainingOf(detail, story, now);
  return {
    ...statusOf(detail, now, 1),
    ...(story.startedAt && { startedAt: story.startedAt }),
    ...(remaining !== undefined && { remaining }),
    sections: [
      section('connection', note === undefined ? [] : [note], 1),
      section('paused', detail.paused_at === null ? [] : [`since ${detail.paused_at}Z, nothing new begins`], 1),
      section('reason', detail.reason === null ? [] : [detail.reason.message], 1),
      section('asked', askedOf(detail, now), ASKED_SHOWN),
      section('moves', movesOf(detail, story), MOVES_SHOWN),
      section('held', heldOf(detail, now), HELD_SHOWN),
    ],
    news: story.news(),
  };
}

function section(title: string, lines: readonly string[], most: number): Section {
  return { title, lines, most };
}

/** Projects that have not answered yet, and how long they may take. */
function askedOf({ projects }: SessionDetail, now: Date): string[] {
  return projects.flatMap(({ project_id: id, state, reply_at: replyAt }) =>
    replyAt === null || /^N?ACK_/.test(state) ? [] : [`${id} (${state}${atMost(replyAt, now)})`],
  );
}

function atMost(until: string, now: Date): string {
  const leftS = Math.ceil((timeOf(until).getTime() - now.getTime()) / 1000);
  return leftS > 0 ? `, ${formatDuration(leftS)} left` : '';
}

/** `vm-1 MIGRATE compute-1 -> compute-2`, those that are under way. */
function movesOf({ instances }: SessionDetail, story: Story): string[] {
  return instances
    .filter(({ action, action_done: isDone, state }) => action !== null && !isDone && state !== 'GONE')
    .map(({ instance_id: id, instance_name: name, action, host }) => {
      const target = story.targetOf(id);
      return `${name || id} ${action} ${host}${target === undefined ? '' : ` -> ${target}`}`;
    });
}

/** What holds hosts and instances, which of them it holds standing before it; not what the whole session waits for. */
function heldOf({ hosts, instances, waiting }: SessionDetail, now: Date): string[] {
  const groups = new Map<string, { readonly blocked: BlockedDetail; readonly names: string[] }>();
  const subjects = [
    ...hosts.map(({ hostname, blocked }) => ({ name: hostname, blocked })),
    ...instances.map(({ instance_name: name, instance_id: id, blocked }) => ({ name: name || id, blocked })),
  ];
  for (const { name, blocked } of subjects) {
    if (blocked === undefined || blocked.message === waiting?.message) continue;
    const key = `${blocked.because} ${blocked.message}`;
    const group = groups.get(key) ?? { blocked, names: [] };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].map(
    ({ blocked: { because, message, until }, names }) =>
      `${shortened(names)} (${because}${atMost(until, now)}): ${message}`,
  );
}

function shortened(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

/** By the pace of the hosts so far; undefined where nothing can be said. */
function remainingOf(detail: SessionDetail, story: Story, now: Date): string | undefined {
  const { hosts, state, maintenance_at: at, paused_at: pausedAt } = detail;
  const untilBeginS = (timeOf(at).getTime() - now.getTime()) / 1000;
  if (state === 'MAINTENANCE' && untilBeginS > 0) return `begins in ${formatDuration(Math.ceil(untilBeginS))}`;
  const through = hosts.filter((host) => isThrough(host.state)).length;
  const left = hosts.length - through;
  if (story.rollingSince === undefined || through === 0 || left === 0 || pausedAt !== null) return undefined;
  if (state === 'MAINTENANCE_FAILED') return undefined;
  const tookS = (now.getTime() - story.rollingSince.getTime()) / 1000;
  return `about ${formatDuration((tookS / through) * left)} left`;
}
