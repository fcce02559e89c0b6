import { setTimeout as sleep } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { FenixError } from '../common/errors.js';
import { isObject } from '../common/is-object.js';
import type { HistoryLine } from './control-types.js';

/** A stream of server-sent events that begins after one of them. */
export type OpenEvents = (lastEventId: string | undefined) => Promise<Response>;

/** What becomes of the connection: `lost` once each time it is not there any more, `found` when it is again. */
export type OnConnection = (what: 'lost' | 'found', why: string) => void;

export interface FollowOptions {
  /** Whose events they are, for sentences: an address. */
  readonly from: string;
  readonly lastEventId?: string;
  /** Before a lost connection is made again. */
  readonly retryMs: number;
  /** Silence after which a connection counts as lost; the API breaks it every 15 s. */
  readonly silenceMs: number;
  readonly onConnection?: OnConnection;
  readonly signal?: AbortSignal;
}

/**
 * The events of a session from its first one on, or from after `lastEventId`; a lost connection is made again, and
 * nothing is missed or told twice. Ends when the session is deleted.
 * @throws FenixError when the stream is refused; what `signal` was aborted with
 */
export async function* followEvents(
  open: OpenEvents,
  options: FollowOptions,
): AsyncGenerator<HistoryLine, void, undefined> {
  const { retryMs, silenceMs, onConnection, signal } = options;
  let last = options.lastEventId;
  let isLost = false;
  const lose = (why: string): void => {
    if (!isLost) onConnection?.('lost', why);
    isLost = true;
  };
  for (let hasBegun = false; ; ) {
    signal?.throwIfAborted();
    const answer = await opened(open, last, hasBegun);
    if (answer === 'deleted') return;
    if (answer instanceof FenixError) lose(answer.message);
    else {
      hasBegun = true;
      if (isLost) onConnection?.('found', 'Connected again.');
      isLost = false;
      for await (const { id, event, data } of messagesOf(answer, silenceMs, signal)) {
        if (event === 'end') return;
        last = id;
        yield lineOf(data, options.from);
      }
      lose('The stream of events broke off.');
    }
    await sleep(retryMs, undefined, { ...(signal && { signal }) });
  }
}

function lineOf(data: string, from: string): HistoryLine {
  try {
    const line: unknown = JSON.parse(data);
    if (isObject(line)) return line as HistoryLine;
  } catch {
    // Told below.
  }
  throw new FenixError('transient', 'fenix-bad-answer', `Fenix at ${from} sent an event that is no JSON object.`);
}

/** A session that is unknown when the connection is made again was deleted and purged meanwhile; an error is worth trying again. */
async function opened(
  open: OpenEvents,
  last: string | undefined,
  hasBegun: boolean,
): Promise<Response | FenixError | 'deleted'> {
  try {
    return await open(last);
  } catch (error) {
    if (!hasBegun || !(error instanceof FenixError)) throw error;
    if (error.kind === 'missing') return 'deleted';
    if (error.retryable) return error;
    throw error;
  }
}

interface Message {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data: string;
}

/** Until the connection ends, in whatever way, or is silent for too long. */
async function* messagesOf(
  answer: Response,
  silenceMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message> {
  const arrived: Message[] = [];
  const parser = createParser({ onEvent: (message) => void arrived.push(message) });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const chunk = await within(
        silenceMs,
        reader?.read().catch(() => undefined),
      );
      signal?.throwIfAborted();
      if (chunk === undefined || chunk.done) return;
      parser.feed(chunk.value);
      yield* arrived.splice(0);
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

/** What comes first: the value, or undefined when the time is over. */
async function within<T>(ms: number, work: Promise<T> | undefined): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
