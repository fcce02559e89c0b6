import { type ErrorDetails, type ErrorKind, FenixError } from '../common/errors.js';
import { isObject } from '../common/is-object.js';
import { TooLong } from '../common/limited-text.js';
import { whyUnreachable } from '../common/unreachable.js';
import type { HttpAnswer, HttpRequest } from './http.js';

/** Errors before anything was sent: the request was surely not carried out. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  // TLS was not agreed upon.
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
const LONGEST_SENTENCE = 400;

/** No answer within the request's time. */
export function timedOut(request: HttpRequest, cause: unknown): FenixError {
  const sentence = `${subject(request)} gave no answer within ${request.timeoutMs / 1000} s`;
  return new FenixError('transient', 'cloud-timeout', sentence, { cause, inDoubt: request.writes });
}

/** The connection could not be made, or broke before the answer was complete. */
export function connectionFailure(request: HttpRequest, thrown: unknown): FenixError {
  // Classified already, or a fault of ours: fetch reports connections by a TypeError with a cause.
  if (thrown instanceof FenixError) return thrown;
  if (thrown instanceof TooLong) return badAnswer(request, thrown, `with ${thrown.message}, which is not read`);
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const why = whyUnreachable(thrown);
  if (isNotSent(cause)) {
    return new FenixError('transient', 'cloud-unreachable', `${subject(request)} cannot be reached: ${why}`, {
      cause: thrown,
    });
  }
  const sentence = `${subject(request)}: the connection was lost: ${why}`;
  return new FenixError('transient', 'cloud-connection-lost', sentence, { cause: thrown, inDoubt: request.writes });
}

/** Success by its status, with a body that is of no use: not the JSON that it claims to be, or without an end. */
export function badAnswer(request: HttpRequest, cause: unknown, how = 'with broken JSON'): FenixError {
  const sentence = `${subject(request)} answered ${how}`;
  return new FenixError('transient', 'cloud-bad-answer', sentence, { cause, inDoubt: request.writes });
}

/** The same for a token's request, on which all others wait: who reads it is to know whom to look after. */
export function withoutToken(failure: unknown): unknown {
  if (!(failure instanceof FenixError)) return failure;
  const { kind, code, message } = failure;
  const sentence = `Keystone gives no token: ${message}; check that it is up, and that auth_url is its address`;
  return new FenixError(kind, code, sentence, { cause: failure });
}

/** What an answer outside 2xx means to the caller; holds the service's own sentence and status. */
export function refusal(request: HttpRequest, answer: HttpAnswer): FenixError {
  const [kind, code] = classify(answer);
  const retryAfterS = retryAfter(answer.headers);
  const requestId = answer.headers.get('x-openstack-request-id');
  const serviceCode = codeIn(answer.body);
  const details: ErrorDetails = {
    status: answer.status,
    ...(requestId === null ? {} : { requestId }),
    ...(serviceCode === undefined ? {} : { serviceCode }),
    // Behind a 503 nothing was begun; behind any other server error, a proxy's time-out above all, something may be.
    inDoubt: request.writes && answer.status >= 500 && answer.status !== 503,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
  const sentence = `${subject(request)} answered ${answer.status}: ${redirectOf(request, answer) ?? sentenceOf(answer.body)}`;
  return new FenixError(kind, code, sentence, details);
}

function classify({ status, headers }: HttpAnswer): [ErrorKind, string] {
  if (status === 401 || status === 403) return ['denied', 'cloud-denied'];
  if (status === 404) return ['missing', 'cloud-missing'];
  if (status === 409) return ['conflict', 'cloud-conflict'];
  if (status === 429 || status === 503) return ['overload', 'cloud-busy'];
  if (status === 413 && headers.has('retry-after')) return ['overload', 'cloud-busy'];
  if (status >= 500) return ['transient', 'cloud-failed'];
  if (status < 400) return ['terminal', 'cloud-redirected'];
  return ['input', 'cloud-refused'];
}

/** Where a redirect leads, which is not followed; without its query and user. */
function redirectOf(request: HttpRequest, { status, headers }: HttpAnswer): string | undefined {
  const location = headers.get('location');
  if (status >= 400 || location === null || !URL.canParse(location, request.url.href)) return undefined;
  const { origin, pathname } = new URL(location, request.url);
  return `it sends on to ${origin}${pathname}`;
}

/** Seconds, also where a date was given (RFC 9110, 10.2.3), by the answering machine's own clock. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const seconds = (Date.parse(value) - Date.parse(headers.get('date') ?? '')) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

/** The sentence in an error body of Keystone and Nova, Placement, Aodh, or a proxy's page. */
export function sentenceOf(body: unknown): string {
  const found = typeof body === 'string' ? body.replace(/<[^>]*>/g, ' ') : search(body);
  const line = (found ?? '').replace(/\s+/g, ' ').trim();
  return line === '' ? 'no explanation' : line.slice(0, LONGEST_SENTENCE);
}

/** The code of the first error (OpenStack's API guideline on errors); only Placement has such. */
function codeIn(body: unknown): string | undefined {
  const { errors } = isObject(body) ? body : {};
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isObject(first) && typeof first.code === 'string' ? first.code : undefined;
}

const SENTENCE_KEYS = ['message', 'faultstring', 'detail'] as const;

function search(body: unknown, depth = 0): string | undefined {
  if (typeof body !== 'object' || body === null || depth > 2) return undefined;
  const fields = body as Record<string, unknown>;
  for (const key of SENTENCE_KEYS) {
    const value = fields[key];
    if (typeof value === 'string') return value;
  }
  for (const value of Object.values(fields)) {
    const found = search(value, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isNotSent(cause: unknown): boolean {
  const code = codeOf(cause);
  return code !== undefined && NOT_SENT.has(code);
}

function codeOf(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Method and address without the query; never headers, which hold tokens. */
function subject({ method, url }: HttpRequest): string {
  return `${method} ${url.origin}${url.pathname}`;
}
