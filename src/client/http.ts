import { type ErrorKind, FenixError } from '../common/errors.js';
import { isObject } from '../common/is-object.js';
import { limitedText, TooLong } from '../common/limited-text.js';
import { whyUnreachable } from '../common/unreachable.js';
import { type Shape, shapeProblem } from './shape.js';

/** How much of an answer is read: far beyond what the largest session tells. */
export const MOST_BYTES = 64 * 2 ** 20;

export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Statuses besides 200 that are an answer, too. */
  readonly accept?: readonly number[];
  /** What the answer must have. */
  readonly shape?: Shape;
}

/**
 * One request for a JSON object.
 * @throws FenixError with Fenix's own code, sentence, field and status where it answered; else `fenix-timeout`,
 *   `fenix-unreachable`, `fenix-redirect` or `fenix-bad-answer` (transient, `inDoubt` for a write)
 */
export async function requestJson(fetch: FetchFunction, request: HttpRequest): Promise<Record<string, unknown>> {
  const { status, headers, text } = await exchange(fetch, request);
  const body = parse(text);
  if (status !== 200 && request.accept?.includes(status) !== true) throw refusal(request, status, headers, body);
  if (body === undefined) throw badAnswer(request, 'something that is not JSON');
  if (!isObject(body)) throw badAnswer(request, 'something that is no JSON object');
  const problem = shapeProblem(body, request.shape ?? {});
  if (problem !== undefined) throw badAnswer(request, `something ${problem}`);
  return body;
}

/**
 * A request whose answer is a stream of events, read as it comes; its time-out ends with the head of the answer.
 * @throws FenixError as {@link requestJson} does
 */
export async function requestStream(fetch: FetchFunction, request: HttpRequest): Promise<Response> {
  const head = new AbortController();
  const timer = setTimeout(() => head.abort(), request.timeoutMs);
  try {
    const answer = await ask(fetch, request, head.signal);
    const { status, headers } = answer;
    if (status !== 200) {
      const text = await orTrouble(request, head.signal, limitedText(answer, MOST_BYTES));
      throw refusal(request, status, headers, parse(text));
    }
    if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) return answer;
    await answer.body?.cancel();
    throw badAnswer(request, 'something that is no stream of events');
  } finally {
    clearTimeout(timer);
  }
}

interface Exchange {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function exchange(fetch: FetchFunction, request: HttpRequest): Promise<Exchange> {
  const limit = AbortSignal.timeout(request.timeoutMs);
  const answer = await ask(fetch, request, limit);
  const text = await orTrouble(request, limit, limitedText(answer, MOST_BYTES));
  return { status: answer.status, headers: answer.headers, text };
}

function ask(fetch: FetchFunction, request: HttpRequest, limit: AbortSignal): Promise<Response> {
  const { signal: outer } = request;
  const asked = fetch(request.url, {
    method: request.method,
    headers: headersOf(request),
    signal: outer === undefined ? limit : AbortSignal.any([limit, outer]),
    // A token must not travel to another address.
    redirect: 'manual',
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  return orTrouble(request, limit, asked);
}

async function orTrouble<T>(request: HttpRequest, limit: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (request.signal?.aborted === true) throw request.signal.reason;
    if (limit.aborted)
      throw trouble(request, 'fenix-timeout', `gave no answer within ${request.timeoutMs / 1000} s`, cause);
    if (cause instanceof TooLong) throw badAnswer(request, `${cause.message}, which is cut off`);
    throw trouble(request, 'fenix-unreachable', `cannot be reached: ${whyUnreachable(cause)}`, cause);
  }
}

function headersOf({ token, body, headers }: HttpRequest): Record<string, string> {
  return {
    Accept: 'application/json',
    ...headers,
    ...(token === undefined ? {} : { 'X-Auth-Token': token }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function badAnswer(request: HttpRequest, what: string): FenixError {
  return trouble(request, 'fenix-bad-answer', `answered ${what}`);
}

function trouble({ method, url }: HttpRequest, code: string, what: string, cause?: unknown): FenixError {
  return new FenixError('transient', code, `Fenix at ${new URL(url).origin} ${what}.`, {
    cause,
    inDoubt: method !== 'GET',
  });
}

function refusal(request: HttpRequest, status: number, headers: Headers, body: unknown): FenixError {
  if (status >= 300 && status < 400) return redirect(request, status, headers.get('location'));
  const { error, code, field } = Object(body) as Record<string, unknown>;
  const retryAfterS = Number(headers.get('retry-after') ?? Number.NaN);
  return new FenixError(
    kindOf(status),
    typeof code === 'string' ? code : `http-${status}`,
    typeof error === 'string' ? error : `Fenix answered ${status}.`,
    {
      status,
      ...(typeof field === 'string' ? { field } : {}),
      ...(Number.isFinite(retryAfterS) ? { retryAfterS } : {}),
    },
  );
}

/** Not followed: where Fenix is must be said right. */
function redirect(request: HttpRequest, status: number, location: string | null): FenixError {
  const where = location !== null && URL.canParse(location, request.url) ? new URL(location, request.url) : undefined;
  const to = where === undefined ? 'elsewhere, without saying where to' : `to ${where.origin}${where.pathname}`;
  return trouble(request, 'fenix-redirect', `answered ${status} and sends on ${to}: correct the address of Fenix`);
}

function kindOf(status: number): ErrorKind {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'missing';
  if (status === 409) return 'conflict';
  if (status === 429 || status === 503 || status === 509) return 'overload';
  return status >= 500 ? 'transient' : 'input';
}
