import { setTimeout as sleep } from 'node:timers/promises';
import type { FenixClient, HistoryLine, OnConnection, SessionDetail } from '../../client/index.js';
import { FenixError } from '../../common/errors.js';
import { escapeUnsafe } from '../../common/unsafe-text.js';
import { Wake } from '../../common/wake.js';
import { isUnfinished } from '../../model/index.js';
import type { CliContext } from '../context.js';
import { CLI_EXIT, CliEnd } from '../exit-codes.js';
import { createProgress, progressModeFor } from '../progress.js';
import { timeOf } from '../status-of.js';
import { plainText } from '../text.js';
import { checkEnd, waitFor } from '../wait.js';
import { eventText } from './event-text.js';
import { pictureOf, Story } from './picture.js';

const REST_MS = 200;
const AGAIN = 'Connecting again; no event is lost.';

export interface WatchOptions {
  /** A picture that is drawn anew, a line per event, or the event as JSON. */
  readonly mode: 'live' | 'lines' | 'json';
  /** Only what happens from now on, in lines. */
  readonly fromNow: boolean;
  /** Seconds. */
  readonly timeout?: number | undefined;
}

/**
 * Shows a session until it has ended and its engine has nothing left to do for it.
 * @throws CliEnd with what became of it; FenixError
 */
export async function watchSession(context: CliContext, sessionId: string, options: WatchOptions): Promise<void> {
  const client = await context.client();
  const stop = new AbortController();
  const limit = options.timeout === undefined ? [] : [AbortSignal.timeout(options.timeout * 1000)];
  const signal = AbortSignal.any([context.io.signal, stop.signal, ...limit]);
  const watch = new Watch(context, client, sessionId, signal);
  try {
    await (options.mode === 'live' ? watch.live() : watch.lines(options));
  } catch (error) {
    if (context.io.signal.aborted || !limit[0]?.aborted) throw error;
    throw new CliEnd(CLI_EXIT.unreachable, `Session ${sessionId}: watched for ${options.timeout} s; it goes on.`);
  } finally {
    stop.abort();
  }
}

class Watch {
  private readonly story = new Story();
  private readonly news = new Wake();
  private note: string | undefined;
  private last: SessionDetail | undefined;
  /** The session's state by its history. */
  private state: unknown;
  /** How far the cloud's clock is ahead of ours, milliseconds, by what it writes. */
  private aheadMs = 0;
  private isClosed = false;

  constructor(
    private readonly context: CliContext,
    private readonly client: FenixClient,
    private readonly sessionId: string,
    private readonly signal: AbortSignal,
  ) {}

  /** A line per event. */
  async lines({ mode, fromNow }: WatchOptions): Promise<void> {
    const { stdout } = this.context.io;
    let toSkip = fromNow ? (await this.client.history(this.sessionId, this.signal)).length : 0;
    const onConnection: OnConnection = (what, why) => {
      this.context.tell(what === 'lost' ? `${why} ${AGAIN}` : why);
    };
    for await (const line of this.events(onConnection)) {
      this.hear(line);
      if (toSkip > 0) toSkip -= 1;
      else stdout.write(mode === 'json' ? `${escapeUnsafe(JSON.stringify(line))}\n` : plainLine(line));
      if (line.what !== 'closed') continue;
      const detail = await this.ended();
      if (detail !== undefined) return this.tellEnd(detail);
    }
    this.tellDeleted();
  }

  /** A picture that is drawn anew with each event, and every so often. */
  async live(): Promise<void> {
    const { stdout, env, pollMs } = this.context.io;
    const progress = createProgress({ stream: stdout, ...progressModeFor(stdout, env) });
    let end: 'deleted' | { readonly error: unknown } | undefined;
    void this.listen()
      .then(
        () => {
          end = 'deleted';
        },
        (error: unknown) => {
          end = { error };
        },
      )
      .finally(() => this.news.raise());
    try {
      for (;;) {
        const detail = await this.look();
        if (this.last !== undefined) progress.update(pictureOf(this.last, this.story, this.now(), this.note));
        if (this.isClosed && detail !== undefined && !isUnfinished(detail.state)) return this.tellEnd(detail);
        if (end === 'deleted') return this.tellDeleted();
        if (end !== undefined) throw end.error;
        // Bursts of events are one look.
        await sleep(Math.min(pollMs, REST_MS), undefined, { signal: this.signal });
        await this.news.wait(AbortSignal.any([this.signal, AbortSignal.timeout(pollMs)]));
      }
    } finally {
      progress.end();
    }
  }

  private async listen(): Promise<void> {
    const onConnection: OnConnection = (what, why) => {
      this.note = what === 'lost' ? `${why} ${AGAIN}` : undefined;
      this.news.raise();
    };
    for await (const line of this.events(onConnection)) {
      this.hear(line);
      this.news.raise();
    }
  }

  private events(onConnection: OnConnection): AsyncGenerator<HistoryLine, void, undefined> {
    const { signal } = this;
    return this.client.events(this.sessionId, { retryMs: this.context.io.pollMs, onConnection, signal });
  }

  private hear(line: HistoryLine): void {
    this.story.add(line);
    if (line.what === 'state') this.state = line.to;
    // Who goes on after a failure opens it again.
    this.isClosed = line.what === 'closed' || (this.isClosed && line.what !== 'state');
    this.aheadMs = Math.max(this.aheadMs, timeOf(line.at).getTime() - this.context.io.now().getTime());
  }

  private now(): Date {
    return new Date(this.context.io.now().getTime() + this.aheadMs);
  }

  /** Undefined while the API is away, or the session deleted: the events tell which. */
  private async look(): Promise<SessionDetail | undefined> {
    try {
      this.last = await this.client.detail(this.sessionId, this.signal);
      return this.last;
    } catch (error) {
      const mayPass = error instanceof FenixError && (error.retryable || error.kind === 'missing');
      if (this.last === undefined || !mayPass) throw error;
      return undefined;
    }
  }

  /** The session, if it has ended; asked for until the API answers. */
  private async ended(): Promise<SessionDetail | undefined> {
    const detail = await waitFor(this.context, {}, `Session ${this.sessionId}`, () =>
      this.client.detail(this.sessionId, this.signal),
    );
    return isUnfinished(detail.state) ? undefined : detail;
  }

  private tellEnd({ state, reason }: SessionDetail): void {
    checkEnd(this.sessionId, state, reason?.message);
  }

  private tellDeleted(): void {
    if (this.state === 'MAINTENANCE_DONE') return;
    throw new CliEnd(CLI_EXIT.sessionFailed, `Session ${this.sessionId} was deleted.`);
  }
}

function plainLine(line: HistoryLine): string {
  const who = line.who === 'engine' ? '' : ` (user ${plainText(line.who)})`;
  return `${plainText(line.at)}Z ${plainText(line.what)}: ${eventText(line)}${who}\n`;
}
