import { once } from 'node:events';
import type { Response } from 'express';
import type { MachineClock } from '../../common/clock.js';
import { messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { escapeUnsafe } from '../../common/unsafe-text.js';
import type { Repositories } from '../../db/repositories.js';
import { historyEntryView } from '../handlers/history-view.js';

export interface FeedSettings {
  /** Listeners of this process at a time. */
  readonly maxListeners: number;
  /** How often the database is asked for news, milliseconds. */
  readonly pollMs: number;
  /** After so much silence a comment is sent, so that nobody on the way takes the connection for dead; milliseconds. */
  readonly heartbeatMs: number;
}

const BATCH = 500;
/** What a browser waits before it connects again, milliseconds. */
const RETRY_MS = 3000;

export interface Subscription {
  readonly sessionId: string;
  /** Number of the last line that the client has; 0 = none. */
  readonly after: number;
  /** When the client's token ends, milliseconds of Unix time. */
  readonly untilMs: number;
}

/**
 * The history of sessions as server-sent events, by polling the database: a line's number is its event's id. All that
 * write to a session's history hold the lock of its row, so numbers become visible in their order, and whoever asks for
 * those after the last one that it saw misses none.
 */
export class EventFeed {
  private readonly closing = new AbortController();
  private listeners = 0;

  constructor(
    private readonly repositories: Pick<Repositories, 'sessions' | 'history'>,
    private readonly settings: FeedSettings,
    private readonly clock: MachineClock,
    private readonly log: Logger,
  ) {}

  get isFull(): boolean {
    return this.listeners >= this.settings.maxListeners;
  }

  /** Ends all streams; clients connect again, elsewhere if this process is about to stop. */
  close(): void {
    this.closing.abort();
  }

  /** Writes until the session is deleted, the token ends, the client leaves or {@link close}. Never rejects. */
  async serve(subscription: Subscription, res: Response): Promise<void> {
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.closing.signal]);
    this.listeners += 1;
    try {
      res.status(200).set({
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      if (res.req.method !== 'HEAD') await this.write(subscription, new EventWriter(res, signal), signal);
    } catch (error) {
      const { sessionId } = subscription;
      if (!signal.aborted) this.log.warn({ session_id: sessionId, error: messageOf(error) }, 'event stream broken off');
    } finally {
      this.listeners -= 1;
      res.end();
    }
  }

  private async write(subscription: Subscription, writer: EventWriter, signal: AbortSignal): Promise<void> {
    const { sessionId, untilMs } = subscription;
    await writer.send(`retry: ${RETRY_MS}\n\n`);
    let last = subscription.after;
    let silentSinceMs = this.clock.monotonicMs();
    while (Date.now() < untilMs) {
      // Asked before the lines are read: then what was told until the deletion is among them.
      const isThere = (await this.repositories.sessions.get(sessionId)) !== undefined;
      const lines = await this.repositories.history.after(sessionId, last, BATCH);
      for (const { historyId, entry } of lines) {
        await writer.send(`id: ${historyId}\ndata: ${escapeUnsafe(JSON.stringify(historyEntryView(entry)))}\n\n`);
        last = historyId;
      }
      if (lines.length > 0) silentSinceMs = this.clock.monotonicMs();
      if (lines.length === BATCH) continue;
      if (!isThere) return writer.send('event: end\ndata: {"reason":"deleted"}\n\n');
      if (this.clock.monotonicMs() - silentSinceMs >= this.settings.heartbeatMs) {
        await writer.send(': still here\n\n');
        silentSinceMs = this.clock.monotonicMs();
      }
      await this.clock.sleepMs(this.settings.pollMs, signal);
    }
  }
}

/** Writes no faster than the client reads. */
class EventWriter {
  constructor(
    private readonly res: Response,
    private readonly signal: AbortSignal,
  ) {}

  async send(text: string): Promise<void> {
    if (!this.res.write(text)) await once(this.res, 'drain', { signal: this.signal });
  }
}
