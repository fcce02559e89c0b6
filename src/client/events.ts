import { setTimeout as sleep } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { FenixError } from '../common/errors.js';
import type { HistoryLine } from './control-types.js';

/** A stream of server-sent events that begins after one of them. */
export type OpenEvents = (lastEventId: string | undefined) => Promise<Response>;

/**
 * The events of a session from its first one on, or from after `lastEventId`; a lost connection is made again, and
 * nothing is missed or told twice. Ends when the session is deleted.
 * @throws FenixError when the stream is refused; what `signal` was aborted with
 */
export async function* followEvents(
  open: OpenEvents,
  options: { readonly lastEventId?: string; readonly retryMs: number; readonly signal?: AbortSignal },
): AsyncGenerator<HistoryLine, void, undefined> {
  const { retryMs, signal } = options;
  let last = options.lastEventId;
  for (let hasBegun = false; ; ) {
    signal?.throwIfAborted();
    const answer = await opened(open, last, hasBegun);
    if (answer === 'deleted') return;
    if (answer !== 'lost') {
      hasBegun = true;
      for await (const { id, event, data } of messagesOf(answer, signal)) {
        if (event === 'end') return;
        last = id;
        yield JSON.parse(data) as HistoryLine;
      }
    }
    await sleep(retryMs, undefined, { ...(signal && { signal }) });
  }
}

/** A session that is unknown when the connection is made again was deleted and purged meanwhile. */
async function opened(
  open: OpenEvents,
  last: string | undefined,
  hasBegun: boolean,
): Promise<Response | 'lost' | 'deleted'> {
  try {
    return await open(last);
  } catch (error) {
    if (!hasBegun || !(error instanceof FenixError)) throw error;
    if (error.kind === 'missing') return 'deleted';
    if (error.retryable) return 'lost';
    throw error;
  }
}

interface Message {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data: string;
}

/** Until the connection ends, in whatever way. */
async function* messagesOf(answer: Response, signal: AbortSignal | undefined): AsyncGenerator<Message> {
  const arrived: Message[] = [];
  const parser = createParser({ onEvent: (message) => void arrived.push(message) });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const chunk = await reader?.read().catch(() => undefined);
      signal?.throwIfAborted();
      if (chunk === undefined || chunk.done) return;
      parser.feed(chunk.value);
      yield* arrived.splice(0);
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}
