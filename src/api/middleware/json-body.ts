import express, { type Request, type RequestHandler, type Response } from 'express';
import { malformed } from '../errors.js';

/** Deeper than anybody means it; what recurses over it later must not run out of stack. */
const MAX_DEPTH = 100;

/** Reads a request's body into its `body`, bytes as they are. */
export type BodyReader = (req: Request, res: Response) => Promise<void>;

/**
 * Reads the body whatever Content-Type says: existing clients send none, or an odd one (v1 §1.3 e). One that comes as
 * nearly all do, in a known length and not compressed, is read without the parts that any other needs.
 */
export function bodyReader(limitBytes: number): BodyReader {
  const readAny = express.raw({ type: () => true, limit: limitBytes });
  return (req, res) => {
    const length = plainLength(req);
    return length <= limitBytes ? readPlain(req) : read(readAny, req, res);
  };
}

/** NaN when nothing says how long it is, or when that is not the length of what it means. */
function plainLength({ headers }: Request): number {
  return headers['content-encoding'] === undefined ? Number(headers['content-length']) : Number.NaN;
}

/** Node hands on no more than the header announced, and no `end` before all of it is there. */
function readPlain(req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    const brokenOff = (): void => reject(malformed(null, 'The request broke off.'));
    if (req.destroyed) return brokenOff();
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.once('end', () => {
      req.body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      resolve();
    });
    req.once('error', brokenOff);
  });
}

function read(reader: RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void reader(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}

/** @throws Refusal 400 unless `raw` is UTF-8 JSON */
export function parseJson(raw: unknown): unknown {
  const text = decode(raw);
  if (text.trim() === '') throw malformed(null, 'The request needs a body with JSON in it.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(null, `The body is not JSON: ${(cause as Error).message}.`);
  }
  // Each level takes two characters at least.
  if (text.length > 2 * MAX_DEPTH && depthOf(value) > MAX_DEPTH)
    throw malformed(null, `The body is nested deeper than ${MAX_DEPTH} levels.`);
  return value;
}

/** Nothing was sent. */
export function isEmpty(raw: unknown): boolean {
  return !Buffer.isBuffer(raw) || raw.length === 0;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(raw: unknown): string {
  if (!Buffer.isBuffer(raw)) return '';
  try {
    return UTF8.decode(raw);
  } catch {
    throw malformed(null, 'The body is not UTF-8.');
  }
}

/** Levels of objects and lists; without recursion, and no deeper than is of interest. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  for (let depth = 0; ; depth += 1) {
    const inner = level.filter((item) => typeof item === 'object' && item !== null);
    if (inner.length === 0 || depth > MAX_DEPTH) return depth;
    level = inner.flatMap((item) => Object.values(item as object));
  }
}
