import { MachineClock } from '../common/clock.js';
import { Stopped } from '../common/errors.js';
import { lastCheck } from '../common/last-check.js';
import { limitedText } from '../common/limited-text.js';
import { badAnswer, connectionFailure, timedOut } from './failures.js';
import type { Fetch } from './tls-fetch.js';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Values of a query; an array repeats its key, undefined leaves it out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** Whether a lost answer leaves it open if something was changed. */
  readonly writes: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text where it is something else; undefined for an empty body. */
  readonly body: unknown;
}

/** Far more than Keystone, Nova or Placement tell of a large cloud in one answer. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * One exchange by `send`, whatever status it ends with. Redirects are not followed: a token must not travel to
 * another address.
 * @throws FenixError transient when no answer came, `inDoubt` when a write may have been carried out; Stopped when
 *   `signal` aborts; what a last check throws
 */
export async function exchange(request: HttpRequest, clock: MachineClock, send: Fetch): Promise<HttpAnswer> {
  if (request.writes) lastCheck();
  const over = new AbortController();
  const timer = new AbortController();
  let late = false;
  const stop = (): void => over.abort();
  clock.sleepMs(request.timeoutMs, timer.signal).then(() => {
    late = true;
    over.abort();
  }, stopped);
  request.signal?.addEventListener('abort', stop, { once: true });
  try {
    if (request.signal?.aborted) throw new Stopped();
    const response = await send(request.url, {
      method: request.method,
      redirect: 'manual',
      signal: over.signal,
      ...withBody(request),
    });
    return await read(request, response);
  } catch (thrown) {
    if (request.signal?.aborted) throw new Stopped();
    throw late ? timedOut(request, thrown) : connectionFailure(request, thrown);
  } finally {
    timer.abort();
    request.signal?.removeEventListener('abort', stop);
  }
}

/** The timer of an exchange that ended in time is stopped, which is no event. */
function stopped(): void {}

function withBody(request: HttpRequest): { headers: Record<string, string>; body?: string } {
  const headers = { Accept: 'application/json', ...request.headers };
  if (request.body === undefined) return { headers };
  return { headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(request.body) };
}

async function read(request: HttpRequest, response: Response): Promise<HttpAnswer> {
  const text = await limitedText(response, MOST_BYTES);
  return { status: response.status, headers: response.headers, body: parse(request, response, text) };
}

function parse(request: HttpRequest, response: Response, text: string): unknown {
  if (text === '') return undefined;
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch (thrown) {
    // A refusal is one whatever its body looks like.
    if (!response.ok) return text;
    throw badAnswer(request, thrown);
  }
}
