import { inflateSync } from 'node:zlib';
import { FenixError, messageOf } from '../common/errors.js';
import { isObject } from '../common/is-object.js';
import type { MessageProperties } from './broker.js';
import { parseJson, stringifyJson } from './json.js';

/** The message object: an RPC request, a reply or a notification. */
export type Content = Readonly<Record<string, unknown>>;

/** The one version there is; peers lose messages of any other without a word. */
const ENVELOPE_VERSION = '2.0';
const LARGEST_INFLATED_BYTES = 64 * 1024 * 1024;

/** Properties of every message; `delivery_mode` 2 also on transient queues. */
export const MESSAGE_PROPERTIES = {
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  deliveryMode: 2,
  priority: 0,
  headers: {},
} as const satisfies MessageProperties;

/** oslo.messaging's envelope: JSON that carries the message object as a string of JSON. */
export function encodeMessage(content: Content): Buffer {
  return encodeBare({ 'oslo.version': ENVELOPE_VERSION, 'oslo.message': stringifyJson(content) });
}

/** Without envelope, as the notification driver `messaging` (format 1) writes. */
export function encodeBare(content: Content): Buffer {
  return Buffer.from(stringifyJson(content), 'utf8');
}

/**
 * The message object of a delivery, enveloped or bare. Throws a FenixError of code `undecodable` for what a Python peer
 * would reject as well: another content type or envelope version, no JSON object.
 */
export function decodeMessage(message: { readonly body: Buffer; readonly properties: MessageProperties }): Content {
  const { contentType, contentEncoding } = message.properties;
  if (contentType !== 'application/json') throw undecodable(`content type is '${contentType}'`);
  if (contentEncoding !== undefined && !/^utf-?8$/i.test(contentEncoding)) {
    throw undecodable(`content encoding is '${contentEncoding}'`);
  }
  const outer = parseObject(textOf(inflated(message.body, message.properties.headers)));
  if (!('oslo.version' in outer && 'oslo.message' in outer)) return outer;
  if (outer['oslo.version'] !== ENVELOPE_VERSION) {
    throw undecodable(`envelope version is ${stringifyJson(outer['oslo.version'])}`);
  }
  if (typeof outer['oslo.message'] !== 'string') throw undecodable('the enveloped message is not a string');
  return parseObject(outer['oslo.message']);
}

/** kombu's name for gzip stands over a zlib stream. */
function inflated(body: Buffer, headers: MessageProperties['headers']): Buffer {
  const compression = headers?.compression;
  if (compression === undefined) return body;
  if (compression !== 'application/x-gzip') throw undecodable(`compression is '${String(compression)}'`);
  return attempt(() => inflateSync(body, { maxOutputLength: LARGEST_INFLATED_BYTES }));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function textOf(body: Buffer): string {
  return attempt(() => UTF8.decode(body));
}

function parseObject(text: string): Content {
  const value = attempt(() => parseJson(text));
  if (!isObject(value)) throw undecodable('it is not an object');
  return value;
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw undecodable(messageOf(thrown), thrown);
  }
}

function undecodable(why: string, cause?: unknown): FenixError {
  return new FenixError('input', 'undecodable', `The message cannot be read: ${why}.`, { cause });
}
