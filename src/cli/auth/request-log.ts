import { MOST_BYTES } from '../../client/index.js';
import { messageOf } from '../../common/errors.js';
import { limitedText } from '../../common/limited-text.js';
import { maskUserinfo, spokenText } from '../text.js';
import type { Transport } from './transport.js';

const MASK = '***';
const SECRET_NAME = /pass|secret|token|private_?key|api_?key|credential|authorization|cookie/i;
/** Of what is called so, all that is inside is secret; `password` may also be a method, with whose it is inside. */
const SECRET_THROUGHOUT = /secret|token/i;
const LONGEST_BODY = 4000;

/**
 * Writes a line per request and answer. Secrets never stand in it: tokens, passwords, also those in URLs, whatever is called like one,
 * and what Keystone answers to an authentication.
 */
export function logged(send: Transport, write: (line: string) => void): Transport {
  return async (url, init) => {
    const method = init.method ?? 'GET';
    const address = spokenText(String(url));
    write(`REQ: ${method} ${address}${headersText(Object.entries(init.headers ?? {}))}${bodyText(init.body)}`);
    const startedMs = performance.now();
    try {
      const answer = await send(url, init);
      const ms = Math.round(performance.now() - startedMs);
      write(`RESP: ${answer.status} in ${ms} ms${headersText([...answer.headers])}`);
      return isSpoken(answer, address) ? await tellBody(answer, write) : answer;
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      write(`RESP: none, ${spokenText(messageOf(cause))}`);
      throw error;
    }
  };
}

/** Streams are read as they come, and what Keystone says of a token is nobody's business. */
function isSpoken(answer: Response, address: string): boolean {
  const isJson = /\bjson\b/.test(answer.headers.get('content-type') ?? '');
  return isJson && !(answer.ok && address.endsWith('/auth/tokens'));
}

async function tellBody(answer: Response, write: (line: string) => void): Promise<Response> {
  const text = await limitedText(answer, MOST_BYTES);
  write(`RESP BODY: ${cut(jsonText(text))}`);
  return new Response(text, { status: answer.status, headers: answer.headers });
}

function headersText(headers: readonly (readonly [string, unknown])[]): string {
  return headers
    .map(([name, value]) => ` -H "${name}: ${SECRET_NAME.test(name) ? MASK : spokenText(String(value))}"`)
    .join('');
}

function bodyText(body: unknown): string {
  return typeof body === 'string' ? ` -d '${cut(jsonText(body))}'` : '';
}

function jsonText(text: string): string {
  try {
    return spokenText(JSON.stringify(masked(JSON.parse(text))));
  } catch {
    return spokenText(text);
  }
}

/** With what is called like a secret masked, at any depth. */
function masked(value: unknown, isSecret = false): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item, isSecret));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskedField(key, item, isSecret)]));
  }
  if (isSecret && (typeof value === 'string' || typeof value === 'number')) return MASK;
  return typeof value === 'string' ? maskUserinfo(value) : value;
}

function maskedField(name: string, value: unknown, isSecret: boolean): unknown {
  const isInner = typeof value === 'object' && value !== null;
  return masked(value, isSecret || (isInner ? SECRET_THROUGHOUT : SECRET_NAME).test(name));
}

function cut(text: string): string {
  return text.length <= LONGEST_BODY ? text : `${text.slice(0, LONGEST_BODY)}… (${text.length} characters)`;
}
