import { type ErrorKind, FenixError, messageOf } from '../common/errors.js';

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
}

/**
 * One request for JSON.
 * @throws FenixError with Fenix's own code, sentence, field and status where it answered; else `fenix-timeout`,
 *   `fenix-unreachable` or `fenix-bad-answer` (transient, `inDoubt` for a write)
 */
export async function requestJson(fetch: FetchFunction, request: HttpRequest): Promise<unknown> {
  const { status, headers, text } = await exchange(fetch, request);
  const body = parse(text);
  const isAnswer = status === 200 || request.accept?.includes(status) === true;
  if (isAnswer && body !== undefined) return body;
  throw isAnswer
    ? trouble(request, 'fenix-bad-answer', 'answered something that is not JSON')
    : refusal(status, headers, body);
}

/**
 * A request whose answer is read as it comes; its time-out ends with the head of the answer.
 * @throws FenixError as {@link requestJson} does
 */
export async function requestStream(fetch: FetchFunction, request: HttpRequest): Promise<Response> {
  const head = new AbortController();
  const timer = setTimeout(() => head.abort(), request.timeoutMs);
  try {
    const answer = await ask(fetch, request, head.signal);
    if (answer.status === 200) return answer;
    throw refusal(answer.status, answer.headers, parse(await answer.text()));
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
  const text = await orTrouble(request, limit, answer.text());
  return { status: answer.status, headers: answer.headers, text };
}

function ask(fetch: FetchFunction, request: HttpRequest, limit: AbortSignal): Promise<Response> {
  const { signal: outer } = request;
  const asked = fetch(request.url, {
    method: request.method,
    headers: headersOf(request),
    signal: outer === undefined ? limit : AbortSignal.any([limit, outer]),
    redirect: 'error',
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
    throw trouble(request, 'fenix-unreachable', `cannot be reached: ${reasonOf(cause)}`, cause);
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

/** fetch hides what happened in the cause. */
function reasonOf(thrown: unknown): string {
  return messageOf(thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown);
}

function trouble({ method, url }: HttpRequest, code: string, what: string, cause?: unknown): FenixError {
  return new FenixError('transient', code, `Fenix at ${new URL(url).origin} ${what}.`, {
    cause,
    inDoubt: method !== 'GET',
  });
}

function refusal(status: number, headers: Headers, body: unknown): FenixError {
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

function kindOf(status: number): ErrorKind {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'missing';
  if (status === 409) return 'conflict';
  if (status === 429 || status === 503 || status === 509) return 'overload';
  return status >= 500 ? 'transient' : 'input';
}
